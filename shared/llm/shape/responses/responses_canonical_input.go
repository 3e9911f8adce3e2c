package responses

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

// readInput reads the input: a text, or items of which each becomes a message.
func readInput(o object, r *canonical.Request) {
	if isText(o.left["input"]) {
		s, _ := o.whole("input")
		r.Messages = []canonical.Message{{Role: canonical.User, Plain: true, Blocks: []canonical.Block{{Kind: canonical.Text, Text: s}}}}
		r.InputPlain = true
		return
	}
	for i, raw := range o.list("input") {
		r.Messages = append(r.Messages, readItem(raw, fmt.Sprintf("input[%d]", i), o.fault))
	}
}

func readItem(raw json.RawMessage, at string, fault *error) (m canonical.Message) {
	o := open(raw, at, fault)
	switch kind := o.peek("type"); kind {
	case itemMessage, "":
		if kind == "" && o.has("id") && !o.has("role") { // an item_reference may leave its type out
			return opaque(o)
		}
		return readMessage(o)
	case itemReasoning:
		return readThinking(o)
	case itemCall, itemCustom:
		return readCall(o, kind == itemCustom)
	case itemOutput, itemCustomOut:
		return readOutput(o)
	default:
		return opaque(o)
	}
}

// opaque keeps an item that only this protocol knows. Its message has an Extra
// without fields, which tells it from a message with one unknown part.
func opaque(o object) canonical.Message {
	m := canonical.Message{Role: canonical.Assistant, ID: o.peek("id"), Extra: canonical.Extra{}}
	if strings.HasSuffix(o.peek("type"), "_output") {
		m.Role = canonical.ToolRole
	}
	m.Blocks = []canonical.Block{{Kind: canonical.Opaque, Extra: o.extra()}}
	return m
}

var roles = map[string]canonical.Role{
	"user": canonical.User, "assistant": canonical.Assistant, "system": canonical.System, "developer": canonical.Developer,
}

func readMessage(o object) (m canonical.Message) {
	var ok bool
	if m.Role, ok = roles[o.text("role")]; !ok {
		o.wrong("role", "must be user, assistant, system or developer")
	}
	m.ID = o.text("id")
	m.Blocks, m.Plain = readContent(o, "content", m.Role)
	m.Extra = o.extra()
	return m
}

// readThinking reads a reasoning item. All of it stays in Extra, for nobody but
// the provider that made it can check what is encrypted in it; reasoning that
// another protocol signed, and this package put there, is read back.
func readThinking(o object) canonical.Message {
	m := canonical.Message{Role: canonical.Assistant, ID: o.peek("id")}
	var item struct {
		Summary, Content []struct{ Text string }
		Encrypted        string `json:"encrypted_content"`
	}
	raw, _ := json.Marshal(o.left) // it was just decoded
	if json.Unmarshal(raw, &item) != nil {
		o.fail(strings.TrimSuffix(o.at, "."), "must be a reasoning item with a list of summaries")
		return m
	}
	if strings.HasPrefix(item.Encrypted, callid.Prefix) {
		var text strings.Builder
		for _, p := range item.Summary {
			text.WriteString(p.Text)
		}
		m.Blocks = unpack(item.Encrypted, text.String())
	} else {
		for _, p := range item.Summary {
			m.Blocks = append(m.Blocks, canonical.Block{Kind: canonical.Thinking, Text: p.Text, Summary: true})
		}
		for _, p := range item.Content {
			m.Blocks = append(m.Blocks, canonical.Block{Kind: canonical.Thinking, Text: p.Text})
		}
	}
	if len(m.Blocks) == 0 {
		return opaque(o)
	}
	m.Extra = o.extra()
	return m
}

func readCall(o object, custom bool) (m canonical.Message) {
	id, cargo := callid.Unload(o.text("call_id"))
	if id == "" {
		o.wrong("call_id", "must be a text that is not empty")
	}
	m.Role, m.ID = canonical.Assistant, o.text("id")
	c := &canonical.Call{ID: id, Name: o.text("name"), ItemID: m.ID, Custom: custom}
	if c.Name == "" {
		o.wrong("name", "must be a text that is not empty")
	}
	if custom {
		c.Arguments, _ = json.Marshal(o.must("input")) // a text always encodes
	} else if !o.has("arguments") {
		o.wrong("arguments", "must be a text")
	} else if s := o.text("arguments"); s != "" {
		if c.Arguments = json.RawMessage(s); !json.Valid(c.Arguments) {
			o.wrong("arguments", "must be JSON")
		}
	}
	if !custom {
		delete(o.left, "type")
	}
	m.Blocks = append(thoughts(cargo.Thoughts), canonical.Block{Kind: canonical.ToolUse, Call: c, Signature: cargo.Signature})
	m.Extra = o.extra()
	return m
}

func readOutput(o object) (m canonical.Message) {
	m.Role, m.ID = canonical.ToolRole, o.text("id")
	res := &canonical.Result{}
	if res.ID, _ = callid.Unload(o.text("call_id")); res.ID == "" {
		o.wrong("call_id", "must be a text that is not empty")
	}
	res.Blocks, res.Plain = readContent(o, "output", canonical.ToolRole)
	if o.peek("type") == itemOutput {
		delete(o.left, "type")
	}
	m.Blocks = []canonical.Block{{Kind: canonical.ToolResult, Result: res}}
	m.Extra = o.extra()
	return m
}
