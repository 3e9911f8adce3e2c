package chat

import (
	"context"
	"encoding/json"
	"regexp"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// head are the fields of an item that the door looks at.
type head struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Encrypted string `json:"encrypted_content"`
}

// said are the items of a kept turn as input of the next one: what the client
// sent, and what it got.
func said(s *dcoder.StoredResponse) (items []json.RawMessage) {
	_ = json.Unmarshal(s.Input, &items) // our own list
	return append(items, repeatable(s.Response)...)
}

// repeatable are the items of an answer that a provider takes back which has not
// kept them: reasoning only with what proves it, and, once some is left out, the
// others without the ids that tie them to it.
func repeatable(response []byte) (items []json.RawMessage) {
	all := outputOf(response)
	dropped := false
	for _, raw := range all {
		if h := headOf(raw); h.Type == "reasoning" && h.Encrypted == "" {
			dropped = true
			continue
		}
		items = append(items, raw)
	}
	if !dropped {
		return items
	}
	for i, raw := range items {
		if kind := headOf(raw).Type; kind == "message" || kind == "function_call" || kind == "custom_tool_call" {
			items[i] = without(raw, "id")
		}
	}
	return items
}

func headOf(raw json.RawMessage) (h head) {
	_ = json.Unmarshal(raw, &h) // an item that is none has no type
	return h
}

func outputOf(response []byte) []json.RawMessage {
	var r struct {
		Output []json.RawMessage `json:"output"`
	}
	_ = json.Unmarshal(response, &r) // a response object
	return r.Output
}

func without(raw json.RawMessage, name string) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return raw
	}
	delete(fields, name)
	out, err := json.Marshal(fields)
	if err != nil {
		return raw
	}
	return out
}

// resolve puts the items of kept answers where the input refers to them: no
// provider has them.
func (t *turn) resolve(ctx context.Context) error {
	at := map[string][]int{}
	var ids []string
	for i, raw := range t.own {
		if h := headOf(raw); h.Type == "item_reference" {
			at[h.ID] = append(at[h.ID], i)
			ids = append(ids, h.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := t.Responses.Holding(ctx, t.tenant, t.owner, ids)
	if err != nil {
		return err
	}
	t.known = true
	gone := map[int]bool{}
	for i := range found {
		for _, raw := range outputOf(found[i].Response) {
			h := headOf(raw)
			for _, place := range at[h.ID] {
				t.own[place] = raw
				gone[place] = h.Type == "reasoning" && h.Encrypted == ""
			}
			delete(at, h.ID)
		}
	}
	for id := range at {
		e := dcoder.NotFound("item", llm.Shorten(id))
		e.Field, e.NoRetry = "input", true
		return e
	}
	t.own = remaining(t.own, gone)
	return nil
}

// remaining leaves out reasoning that nobody can take back, and then the ids of
// the items that went with it.
func remaining(items []json.RawMessage, gone map[int]bool) (out []json.RawMessage) {
	dropped := false
	for i := range items {
		dropped = dropped || gone[i]
	}
	for i, raw := range items {
		if gone[i] {
			continue
		}
		if kind := headOf(raw).Type; dropped && (kind == "message" || kind == "function_call" || kind == "custom_tool_call") {
			raw = without(raw, "id")
		}
		out = append(out, raw)
	}
	return out
}

// reasoners are models of OpenAI that reason; others refuse to be asked for
// encrypted reasoning.
var reasoners = regexp.MustCompile(`(^|[./])(o[1-9]|gpt-[5-9]|codex)`)

var chatty = regexp.MustCompile(`gpt-[5-9][0-9.]*-chat`)

// reasons reports whether the call goes to a model that reasons, as far as can
// be told before it is planned.
func reasons(req *llm.Request, doc *jsonscan.Doc) bool {
	if v := doc.Fields[turnReasoning]; v.Kind == jsonscan.Object && !doc.Empty(v) {
		return true
	}
	name := req.Model
	if targets := req.Snapshot.Aliases[name]; len(targets) > 0 {
		name = targets[0].Model
	}
	return reasoners.MatchString(name) && !chatty.MatchString(name)
}

// askEncrypted asks for reasoning in a form that can be given back, since the
// provider keeps none.
func askEncrypted(p *jsonscan.Patch, doc *jsonscan.Doc) {
	const want = `"reasoning.encrypted_content"`
	switch v := doc.Fields[turnInclude]; v.Kind {
	case jsonscan.None:
		p.InsertMember(doc.Open, false, `"include":[`+want+`]`)
	case jsonscan.Null:
		p.Replace(v, "["+want+"]")
	case jsonscan.Array:
		for e := doc.Elements(v); ; {
			in, ok := e.Next()
			if !ok {
				break
			}
			if string(doc.Bytes(in)) == want {
				return
			}
		}
		if doc.Empty(v) {
			p.Replace(v, "["+want+"]")
			return
		}
		p.Insert(v.Start+1, want+",")
	default:
	}
}
