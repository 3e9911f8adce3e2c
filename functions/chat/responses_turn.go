package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// turn is one call of the Responses API as far as it concerns what is kept.
type turn struct {
	*chat
	tenant, owner string
	previous      string            // the answer that it continues
	past          []json.RawMessage // items of what it continues
	own           []json.RawMessage // items that came with it
	keep          bool
	known         bool   // the store has answered already
	told          string // value of HeaderStore before the call
}

// Positions of the fields that the door reads itself.
const (
	turnPrevious = iota
	turnStore
	turnConversation
	turnBackground
	turnPrompt
	turnInclude
	turnInput
	turnReasoning
)

var turnFields = jsonscan.NewNames("previous_response_id", "store", "conversation", "background", "prompt", "include", "input", "reasoning")

// touched reports whether the answer must say something else than the provider
// does of what is kept.
func (t *turn) touched() bool { return t.keep || t.previous != "" }

// openTurn reads what a call says about keeping, finds what it continues, and
// makes of it the call that goes out. Errors are 400 for what is not offered,
// 404 for an answer that is not the caller's, 503 while the store is gone.
func (c *chat) openTurn(ctx context.Context, req *llm.Request) (*turn, error) {
	var doc jsonscan.Doc
	if err := turnFields.Scan(req.Doc.Raw, jsonscan.Limits{}, &doc); err != nil {
		return nil, dcoder.Internal(err) // it was scanned before
	}
	t := &turn{chat: c, tenant: req.Principal.Tenant, owner: owner(req.Principal)}
	if err := refuseOffers(&doc); err != nil {
		return nil, err
	}
	if err := t.readStore(&doc); err != nil {
		return nil, err
	}
	if err := t.readInput(ctx, &doc); err != nil {
		return nil, err
	}
	if err := t.readPast(ctx); err != nil {
		return nil, err
	}
	return t, t.rewrite(req, &doc)
}

// refuseOffers names what OpenAI keeps or runs for its clients and the gateway
// does not.
func refuseOffers(doc *jsonscan.Doc) error {
	if v := doc.Fields[turnConversation]; v.Present() {
		return dcoder.Invalid("conversation", "conversations are not offered; continue an answer with previous_response_id")
	}
	if v := doc.Fields[turnPrompt]; v.Present() {
		return dcoder.Invalid("prompt", "stored prompts are not offered; send instructions and input")
	}
	switch v := doc.Fields[turnBackground]; {
	case v.Present() && v.Kind != jsonscan.Bool:
		return dcoder.Invalid("background", "background must be true or false")
	case doc.True(v):
		return dcoder.Invalid("background", "answers in the background are not offered; ask for a stream")
	}
	return nil
}

// readStore decides whether the answer is kept: unless the client says no.
func (t *turn) readStore(doc *jsonscan.Doc) error {
	v := doc.Fields[turnStore]
	if v.Present() && v.Kind != jsonscan.Bool {
		return dcoder.Invalid("store", "store must be true or false")
	}
	t.keep = !v.Present() || doc.True(v)
	previous := doc.Fields[turnPrevious]
	if previous.Present() {
		var ok bool
		if t.previous, ok = doc.Str(previous); !ok || t.previous == "" || len(t.previous) > maxResponseID {
			return dcoder.Invalid("previous_response_id", "previous_response_id must be the id of an answer")
		}
	}
	if t.Responses != nil {
		return nil
	}
	switch {
	case t.previous != "":
		return dcoder.Invalid("previous_response_id", "no answers are kept here; send the whole conversation as input")
	case doc.True(v):
		return dcoder.Invalid("store", "no answers are kept here; leave store out or say false")
	case t.keep:
		t.keep, t.told = false, "off"
	}
	return nil
}

// maxResponseID bounds an id that a client names, bytes.
const maxResponseID = 256

// readInput takes the input apart, as far as somebody wants its items.
func (t *turn) readInput(ctx context.Context, doc *jsonscan.Doc) error {
	v := doc.Fields[turnInput]
	if v.Kind != jsonscan.String && v.Kind != jsonscan.Array {
		return dcoder.Invalid("input", "input must be a text or a list of items")
	}
	raw := doc.Bytes(v)
	refers := v.Kind == jsonscan.Array && t.Responses != nil && bytes.Contains(raw, []byte(`"item_reference"`))
	if !t.keep && t.previous == "" && !refers {
		return nil
	}
	if v.Kind == jsonscan.String {
		t.own = []json.RawMessage{append(append([]byte(`{"type":"message","role":"user","content":`), raw...), '}')}
		return nil
	}
	if err := json.Unmarshal(raw, &t.own); err != nil {
		return dcoder.Invalid("input", "input must be a text or a list of items")
	}
	if refers {
		return t.resolve(ctx)
	}
	return nil
}

// readPast finds what the call continues.
func (t *turn) readPast(ctx context.Context) error {
	if t.previous == "" {
		return nil
	}
	chain, err := t.Responses.Chain(ctx, t.tenant, t.owner, t.previous, maxBody)
	if err != nil {
		return err
	}
	if len(chain) == 0 {
		return &dcoder.Error{
			Status: 404, Code: "previous_response_not_found", Field: "previous_response_id", NoRetry: true,
			Message: "there is no such answer to continue: it is not yours, was not kept, was deleted, or has expired",
		}
	}
	t.known = true
	for i := range chain {
		t.past = append(t.past, said(&chain[i])...)
	}
	return nil
}

// rewrite makes the call that goes out: everything in it, and nothing for the
// provider to keep.
func (t *turn) rewrite(req *llm.Request, doc *jsonscan.Doc) error {
	var p jsonscan.Patch
	if v := doc.Fields[turnStore]; v.Kind == jsonscan.None {
		p.InsertMember(doc.Open, false, `"store":false`)
	} else if string(doc.Bytes(v)) != "false" {
		p.Replace(v, "false")
	}
	if t.previous != "" {
		p.Replace(doc.Fields[turnPrevious], "null")
	}
	if t.own != nil && (len(t.past) > 0 || doc.Fields[turnInput].Kind == jsonscan.Array) {
		p.Replace(doc.Fields[turnInput], string(list(t.past, t.own)))
	}
	if t.keep && reasons(req, doc) {
		askEncrypted(&p, doc)
	}
	n := p.Len(doc.Raw)
	if n == len(doc.Raw) && t.own == nil {
		return nil
	}
	if n > 2*maxBody {
		return dcoder.Invalid("previous_response_id", "this call with all that it continues is too large")
	}
	body := llm.NewBuffer(n)
	body.B = p.AppendTo(body.B, doc.Raw)
	old := req.Body
	req.Body = body
	err := req.Parse(body.B)
	old.Release()
	return err
}

// list joins items to one JSON list.
func list(parts ...[]json.RawMessage) []byte {
	out := []byte{'['}
	for _, part := range parts {
		for _, item := range part {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(out, item...)
		}
	}
	return append(out, ']')
}

func (t *turn) life() time.Duration {
	if t.ResponseLife > 0 {
		return t.ResponseLife
	}
	return defaultLife
}
