package responses

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// readContent reads the field that holds a text or a list of parts.
func readContent(o object, name string, role canonical.Role) (blocks []canonical.Block, plain bool) {
	if isText(o.left[name]) {
		s, _ := o.whole(name)
		return []canonical.Block{{Kind: canonical.Text, Text: s}}, true
	}
	if !o.has(name) {
		o.wrong(name, "must be a text or a list of parts")
		return nil, false
	}
	for i, raw := range o.list(name) {
		blocks = append(blocks, readPart(open(raw, fmt.Sprintf("%s%s[%d]", o.at, name, i), o.fault), role))
	}
	return blocks, false
}

// partOf is what a text of a role is called.
func partOf(role canonical.Role) string {
	if role == canonical.Assistant {
		return partOutput
	}
	return partInput
}

// readPart reads one part; the name of its type stays in Extra where it is not
// what the role's parts are called.
func readPart(o object, role canonical.Role) (b canonical.Block) {
	kind := o.peek("type")
	switch kind {
	case partInput, partOutput:
		b.Kind = canonical.Text
		if kind == partOf(role) {
			delete(o.left, "type")
		}
		b.Text = o.must("text")
	case partRefusal:
		b.Kind = canonical.Refusal
		b.Text = o.must("refusal")
		delete(o.left, "type")
	case partImage:
		b.Kind, b.Media = canonical.Image, readImage(o)
		delete(o.left, "type")
	case partFile:
		b.Kind, b.Media = canonical.Document, readFile(o)
		delete(o.left, "type")
	case partAudio:
		b.Kind, b.Media = canonical.Audio, readAudio(o)
		delete(o.left, "type")
	case "":
		o.wrong("type", "must say which kind of part this is")
	default:
		b.Kind = canonical.Opaque
	}
	b.Extra = o.extra()
	return b
}

func readImage(o object) *canonical.Media {
	m := &canonical.Media{FileID: o.text("file_id"), Detail: o.text("detail")}
	readPlace(m, o.text("image_url"))
	if m.FileID == "" && m.URL == "" && m.Data == "" {
		o.wrong("image_url", "must be the address of a picture, or file_id the name of one")
	}
	return m
}

func readFile(o object) *canonical.Media {
	m := &canonical.Media{FileID: o.text("file_id"), Name: o.text("filename"), URL: o.text("file_url")}
	if data := o.text("file_data"); strings.HasPrefix(data, "data:") {
		readPlace(m, data)
	} else if data != "" {
		m.Data = data
	}
	if m.FileID == "" && m.URL == "" && m.Data == "" {
		o.wrong("file_data", "must hold a file, or file_url or file_id name one")
	}
	return m
}

func readAudio(o object) *canonical.Media {
	m := &canonical.Media{}
	if in, ok := o.object("input_audio"); ok {
		m.Data, m.Format = in.text("data"), in.text("format")
		if len(in.left) > 0 {
			o.left["input_audio"], _ = json.Marshal(in.left) // it was just decoded
		}
	}
	if m.Data == "" {
		o.wrong("input_audio", "must hold data and format")
	}
	return m
}

// readPlace takes a data URI of base64 apart; any other address stays one.
func readPlace(m *canonical.Media, at string) {
	rest, ok := strings.CutPrefix(at, "data:")
	if ok {
		if kind, data, ok := strings.Cut(rest, ";base64,"); ok && kind != "" && data != "" {
			m.Type, m.Data = kind, data
			return
		}
	}
	if at != "" {
		m.URL = at
	}
}
