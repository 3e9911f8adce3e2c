package responses

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

// WriteReply implements canonical.Protocol. Of several answers it writes the
// first: the protocol has one.
func (protocol) WriteReply(a *canonical.Reply, r *canonical.Request) ([]byte, error) {
	f := envelope(r)
	if a.Origin == canonical.Responses {
		f.with(a.Extra)
	}
	f["id"], f["model"], f["created_at"] = responseID(a.ID), a.Model, a.Created
	if a.Created == 0 {
		f["created_at"] = time.Now().Unix()
	}
	var stop canonical.Stop
	if len(a.Choices) > 0 {
		c := &a.Choices[0]
		stop, f["output"] = c.Stop, output(c.Blocks, a.Origin, bare(a.ID))
	}
	f.finish(stop, &a.Usage)
	raw, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write a response: %w", err)
	}
	return raw, nil
}

// output writes blocks as items: texts that follow each other are parts of one
// message. Items are named for the answer and their place in it.
func output(blocks []canonical.Block, origin canonical.Shape, id string) []any {
	items := []any{}
	var message fields
	for i := range blocks {
		b := &blocks[i]
		if b.Kind == canonical.Text || b.Kind == canonical.Refusal {
			if message == nil {
				message = fields{"id": itemID("msg", id, len(items)), "type": itemMessage, "status": statusWhole, "role": "assistant", "content": []any{}}
				items = append(items, message)
			}
			message["content"] = append(message["content"].([]any), textPart(b)) //nolint:forcetypeassert // made above
			continue
		}
		if it := blockItem(b, origin, id, len(items)); it != nil {
			message = nil
			items = append(items, it)
		}
	}
	return items
}

func itemID(word, id string, index int) string { return fmt.Sprintf("%s_%s_%d", word, id, index) }

// textPart writes a Text or a Refusal as a part of a message.
func textPart(b *canonical.Block) fields {
	if b.Kind == canonical.Refusal {
		return fields{"type": partRefusal, "refusal": b.Text}
	}
	f := fields{"type": partOutput, "text": b.Text, "annotations": []any{}, "logprobs": []any{}}
	if notes, ok := b.Extra["annotations"]; ok && isList(notes) {
		f["annotations"] = notes
	}
	return f
}

func isList(raw json.RawMessage) bool {
	var l []json.RawMessage
	return json.Unmarshal(raw, &l) == nil
}

// blockItem writes a block that is an item of its own, nil for one that has no
// place in this protocol.
func blockItem(b *canonical.Block, origin canonical.Shape, id string, index int) fields {
	switch b.Kind {
	case canonical.ToolUse:
		return callDone(b, id, index)
	case canonical.Thinking:
		f := fields{"id": itemID("rs", id, index), "type": itemReasoning, "summary": []any{fields{"type": partSummary, "text": b.Text}}}
		if origin != canonical.Responses {
			put(f, fieldEncrypted, pack(b))
		}
		return f
	case canonical.Redacted:
		return fields{"id": itemID("rs", id, index), "type": itemReasoning, "summary": []any{}, fieldEncrypted: pack(b)}
	case canonical.Image:
		if b.Media == nil || b.Media.Data == "" {
			return nil
		}
		return fields{"id": itemID("ig", id, index), "type": "image_generation_call", "status": statusWhole, "result": b.Media.Data}
	case canonical.Opaque:
		if origin == canonical.Responses && len(b.Extra) > 0 {
			return clone(b.Extra)
		}
	default:
	}
	return nil
}

// callDone writes a call that is whole. What Gemini must get back rides in the
// call's id, as in the chat protocol.
func callDone(b *canonical.Block, id string, index int) fields {
	f := callItem(fields{}, b.Call)
	f["call_id"], f["status"] = callid.Pack(b.Call.ID, b.Signature), statusWhole
	if b.Call.ItemID == "" {
		f["id"] = itemID("fc", id, index)
	}
	if !b.Call.Custom && len(b.Call.Arguments) == 0 {
		f["arguments"] = "{}"
	}
	return f
}
