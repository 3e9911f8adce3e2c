package messages

import (
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

// readBlock reads a content block of a request or an answer. A block of a kind
// that only Anthropic knows is kept whole.
func readBlock(f *fields) (b canonical.Block) {
	kind, ok := unquote(f.peek("type"))
	if !ok {
		f.fail("type", "must be a string")
		return b
	}
	read := blockReaders[kind]
	if read == nil {
		return canonical.Block{Kind: canonical.Opaque, Extra: f.rest()}
	}
	f.take("type")
	b.Cache = readCache(f)
	read(&b, f)
	b.Extra = f.rest()
	return b
}

var blockReaders map[string]func(*canonical.Block, *fields)

func init() { // the results of tools hold blocks again
	blockReaders = map[string]func(*canonical.Block, *fields){
		"text":              readText,
		"image":             readImage,
		"document":          readDocument,
		"tool_use":          readToolUse,
		"tool_result":       readToolResult,
		"thinking":          readThought,
		"redacted_thinking": readRedacted,
	}
}

// readCache takes "cache_control" when it says no more than canonical knows.
func readCache(f *fields) *canonical.CacheControl {
	raw := f.peek("cache_control")
	if raw == nil || string(raw) == "null" {
		return nil
	}
	c := object(raw, f.name("cache_control"), f.err)
	kind, ttl := c.str("type"), c.str("ttl")
	if kind == "ephemeral" && len(c.list) == 0 {
		f.take("cache_control")
	}
	return &canonical.CacheControl{TTL: ttl}
}

func readText(b *canonical.Block, f *fields) {
	b.Kind, b.Text = canonical.Text, f.str("text")
}

func readThought(b *canonical.Block, f *fields) {
	b.Kind, b.Text, b.Signature = canonical.Thinking, f.str("thinking"), f.str("signature")
}

func readRedacted(b *canonical.Block, f *fields) {
	b.Kind, b.Signature = canonical.Redacted, f.str("data")
}

func readImage(b *canonical.Block, f *fields) {
	b.Kind, b.Media = canonical.Image, readSource(f)
}

func readDocument(b *canonical.Block, f *fields) {
	b.Kind, b.Media = canonical.Document, readSource(f)
	b.Media.Name = f.word("title")
}

// readSource takes "source" when it says no more than canonical knows.
func readSource(f *fields) *canonical.Media {
	m := &canonical.Media{}
	raw := f.peek("source")
	if raw == nil {
		f.fail("source", "is missing")
		return m
	}
	s := object(raw, f.name("source"), f.err)
	kind := s.str("type")
	switch kind {
	case "base64":
		m.Type, m.Data = s.str("media_type"), s.str("data")
	case "url":
		m.URL = s.str("url")
	case "file":
		m.FileID = s.str("file_id")
	case "text":
		m.Type, m.Text = s.str("media_type"), s.str("data")
	case "content":
		m.Text = contentText(s)
	default:
		s.fail("type", `must be "base64", "url", "file", "text" or "content"`)
	}
	plain := kind != "text" || m.Type == "text/plain"
	if kind != "content" && plain && len(s.list) == 0 && m.Data+m.URL+m.FileID+m.Text != "" {
		f.take("source")
	}
	return m
}

// contentText is the text of a document that is made of blocks.
func contentText(f *fields) string {
	blocks, _ := readContent(f.peek("content"), f.name("content"), f.err)
	var text []string
	for i := range blocks {
		if blocks[i].Kind == canonical.Text {
			text = append(text, blocks[i].Text)
		}
	}
	return strings.Join(text, "\n\n")
}

// readToolUse reads a call. An id that the gateway gave out carries what another
// provider must get back with the call.
func readToolUse(b *canonical.Block, f *fields) {
	id, signature := callid.Unpack(f.str("id"))
	b.Kind, b.Signature = canonical.ToolUse, signature
	b.Call = &canonical.Call{ID: id, Name: f.str("name"), Arguments: f.take("input")}
	if len(b.Call.Arguments) > 0 && b.Call.Arguments[0] != '{' {
		f.fail("input", "must be an object")
	}
}

func readToolResult(b *canonical.Block, f *fields) {
	id, _ := callid.Unpack(f.str("tool_use_id"))
	b.Kind, b.Result = canonical.ToolResult, &canonical.Result{ID: id, Failed: f.bool("is_error")}
	b.Result.Blocks, b.Result.Plain = readContent(f.take("content"), f.name("content"), f.err)
}
