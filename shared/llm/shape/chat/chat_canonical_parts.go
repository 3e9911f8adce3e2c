package chat

import (
	"encoding/json"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// readPart reads one part of a content. Unknown fields of the part stand in its
// Extra, those of the object that carries the data under that object's name.
func readPart(path string, v json.RawMessage) (b canonical.Block, err error) {
	way, ok := text(member(v, "type"))
	if !ok {
		return b, dcoder.Invalid(path+".type", "a part needs a type")
	}
	inner := member(v, way)
	switch way {
	case "text":
		b.Kind = canonical.Text
		if b.Text, ok = text(inner); !ok {
			return b, dcoder.Invalid(path+".text", "text must be a string")
		}
	case "refusal":
		b.Kind = canonical.Refusal
		if b.Text, ok = text(inner); !ok {
			return b, dcoder.Invalid(path+".refusal", "refusal must be a string")
		}
	case "image_url":
		err = readImage(&b, path+".image_url", inner)
	case "input_audio":
		err = readAudio(&b, path+".input_audio", inner)
	case "file":
		err = readFile(&b, path+".file", inner)
	default:
		return canonical.Block{Kind: canonical.Opaque, Extra: without(v)}, nil
	}
	if err != nil {
		return b, err
	}
	b.Cache = readCache(&b.Extra, member(v, "cache_control"))
	for name, x := range without(v, "type", way, "cache_control") {
		set(&b.Extra, name, x)
	}
	return b, nil
}

// readImage reads {"url", "detail"}; a bare string is taken as the URL. A picture
// that is none, as clients send documents so, is a document.
func readImage(b *canonical.Block, path string, v json.RawMessage) error {
	address := v
	if kind(v) == '{' {
		address = member(v, "url")
	} else if kind(v) == '"' {
		set(&b.Extra, bareImage, null)
	}
	s, ok := text(address)
	if !ok || s == "" {
		return dcoder.Invalid(path+".url", "url must be a string")
	}
	m := &canonical.Media{}
	b.Kind, b.Media = canonical.Image, m
	m.Detail, _ = text(member(v, "detail"))
	if rest := without(v, "url", "detail"); rest != nil {
		set(&b.Extra, "image_url", joined(rest))
	}
	if isData(s) {
		if err := readData(m, path+".url", s); err != nil {
			return err
		}
		if !strings.HasPrefix(m.Type, "image/") {
			b.Kind = canonical.Document
			set(&b.Extra, asImage, null)
		}
		return nil
	}
	if m.URL = s; !strings.Contains(s, "://") {
		return dcoder.Invalid(path+".url", "url must be a data: or an https: address")
	}
	return nil
}

func isData(s string) bool { return len(s) > 5 && strings.EqualFold(s[:5], "data:") }

// readData reads data:{type};base64,{data}.
func readData(m *canonical.Media, path, s string) error {
	head, data, ok := strings.Cut(s[5:], ",")
	media, ok64 := strings.CutSuffix(head, ";base64")
	if !ok || !ok64 {
		return dcoder.Invalid(path, "a data URL must be data:{media type};base64,{data}")
	}
	media, _, _ = strings.Cut(media, ";")
	m.Type = strings.ToLower(media)
	if m.Data, ok = standard(data); !ok || m.Type == "" {
		return dcoder.Invalid(path, "a data URL must be data:{media type};base64,{data}")
	}
	return nil
}

// standard checks base64, and turns the URL-safe alphabet and missing padding
// into what providers take.
func standard(s string) (string, bool) {
	if strings.ContainsAny(s, "-_") {
		s = strings.NewReplacer("-", "+", "_", "/").Replace(s)
	}
	if n := len(s) % 4; n > 0 && !strings.HasSuffix(s, "=") {
		s += "==="[:4-n]
	}
	if s == "" || len(s)%4 != 0 {
		return "", false
	}
	body := strings.TrimRight(s, "=")
	if len(s)-len(body) > 2 {
		return "", false
	}
	for i := range len(body) {
		if !base64Bytes[body[i]] {
			return "", false
		}
	}
	return s, true
}

var base64Bytes = func() (is [256]bool) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for _, c := range []byte(alphabet) {
		is[c] = true
	}
	return is
}()

// readAudio reads {"data", "format"}.
func readAudio(b *canonical.Block, path string, v json.RawMessage) error {
	m := &canonical.Media{}
	b.Kind, b.Media = canonical.Audio, m
	data, ok := text(member(v, "data"))
	if m.Data, _ = standard(data); !ok || m.Data == "" {
		return dcoder.Invalid(path+".data", "data must be base64")
	}
	if m.Format, ok = text(member(v, "format")); ok {
		m.Type = audioTypes[m.Format]
	}
	if rest := without(v, "data", "format"); rest != nil {
		set(&b.Extra, "input_audio", joined(rest))
	}
	return nil
}

var audioTypes = map[string]string{
	"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg", "opus": "audio/opus", "aac": "audio/aac", "pcm16": "audio/pcm",
}

// readFile reads {"file_data", "filename", "file_id"}.
func readFile(b *canonical.Block, path string, v json.RawMessage) error {
	m := &canonical.Media{}
	b.Kind, b.Media = canonical.Document, m
	m.Name, _ = text(member(v, "filename"))
	m.FileID, _ = text(member(v, "file_id"))
	data, ok := text(member(v, "file_data"))
	switch {
	case ok && isData(data):
		if err := readData(m, path+".file_data", data); err != nil {
			return err
		}
	case ok:
		if m.Data, ok = standard(data); !ok {
			return dcoder.Invalid(path+".file_data", "file_data must be a data URL")
		}
	case m.FileID == "":
		return dcoder.Invalid(path, "a file needs file_data or file_id")
	}
	if m.Data != "" && m.FileID != "" {
		m.FileID = ""
		set(&b.Extra, "file", joined(without(v, "file_data", "filename")))
	} else if rest := without(v, "file_data", "filename", "file_id"); rest != nil {
		set(&b.Extra, "file", joined(rest))
	}
	return nil
}
