package generate

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

func readParts(raw []json.RawMessage, field string) (blocks []canonical.Block, err error) {
	for _, one := range raw {
		var p part
		if err := decode(one, &p, field); err != nil {
			return nil, err
		}
		blocks = append(blocks, readPart(&p, one))
	}
	return blocks, nil
}

// readPart reads a part; raw is its JSON, nil where what only Google knows is not
// wanted.
func readPart(p *part, raw json.RawMessage) (b canonical.Block) {
	b.Signature = p.ThoughtSignature
	if raw != nil {
		b.Extra = rest(raw, partNames...)
	}
	switch {
	case p.FunctionCall != nil:
		b.Kind = canonical.ToolUse
		b.Call = &canonical.Call{ID: p.FunctionCall.ID, Name: p.FunctionCall.Name, Arguments: p.FunctionCall.Args}
		b.Extra = keepInside(b.Extra, raw, "functionCall", "id", "name", "args")
	case p.FunctionResponse != nil:
		b.Kind = canonical.ToolResult
		b.Result = readResult(p.FunctionResponse)
		b.Extra = keepInside(b.Extra, raw, "functionResponse", "id", "name", "response")
	case p.InlineData != nil:
		d := p.InlineData
		b.Kind, b.Media = kindOf(d.MIMEType), &canonical.Media{Type: d.MIMEType, Data: d.Data, Name: d.DisplayName}
		b.Extra = keepInside(b.Extra, raw, "inlineData", "mimeType", "data", "displayName")
	case p.FileData != nil:
		f := p.FileData
		b.Kind, b.Media = kindOf(f.MIMEType), &canonical.Media{Type: f.MIMEType, URL: f.URI, Name: f.DisplayName}
		b.Extra = keepInside(b.Extra, raw, "fileData", "mimeType", "fileUri", "displayName")
	case p.Text != nil && p.Thought:
		b.Kind, b.Text, b.Summary = canonical.Thinking, *p.Text, true
	case p.Text != nil:
		b.Kind, b.Text = canonical.Text, *p.Text
	default:
		b.Kind, b.Extra = canonical.Opaque, rest(raw, "thoughtSignature")
	}
	return b
}

// keepInside keeps the unknown members of a known member.
func keepInside(e canonical.Extra, raw json.RawMessage, name string, known ...string) canonical.Extra {
	if raw == nil {
		return e
	}
	var all canonical.Extra
	_ = json.Unmarshal(raw, &all) // was decoded before
	return keep(e, name, rest(all[name], known...))
}

func kindOf(mimeType string) canonical.Kind {
	switch {
	case strings.HasPrefix(mimeType, "image/"):
		return canonical.Image
	case strings.HasPrefix(mimeType, "audio/"):
		return canonical.Audio
	}
	return canonical.Document
}

// readResult reads what a tool gave: an object, by custom with one member
// "result" or "output" that holds the text, or "error".
func readResult(f *functionResponse) *canonical.Result {
	r := &canonical.Result{ID: f.ID, Name: f.Name, Raw: f.Response}
	text := string(f.Response)
	var compact bytes.Buffer
	if json.Compact(&compact, f.Response) == nil {
		text = compact.String()
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(f.Response, &members) == nil && len(members) == 1 {
		for name, v := range maps.All(members) {
			var s string
			if name != "result" && name != "output" && name != "error" || json.Unmarshal(v, &s) != nil {
				continue
			}
			text = s
			if failed := name == "error"; failed {
				r.Failed = &failed
			}
		}
	}
	r.Blocks, r.Plain = []canonical.Block{{Kind: canonical.Text, Text: text}}, true
	return r
}
