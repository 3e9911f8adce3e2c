package messages

import (
	"encoding/base64"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

func (w *writer) blocks(list []canonical.Block) error {
	w.open('[')
	for i := range list {
		if err := w.block(&list[i]); err != nil {
			return err
		}
	}
	w.close(']')
	return nil
}

// block writes a block of a request; of those of our own it writes what only
// Anthropic knows, too.
func (w *writer) block(b *canonical.Block) (err error) {
	w.open('{')
	switch b.Kind {
	case canonical.Text, canonical.Refusal:
		w.member("type", "text")
		w.member("text", b.Text)
	case canonical.Thinking:
		w.member("type", "thinking")
		w.member("thinking", b.Text)
		w.member("signature", b.Signature)
	case canonical.Redacted:
		w.member("type", "redacted_thinking")
		w.member("data", b.Signature)
	case canonical.Image, canonical.Document:
		err = w.media(b)
	case canonical.ToolUse:
		w.toolUse(b.Call)
	case canonical.ToolResult:
		err = w.result(b.Result)
	case canonical.Audio:
		err = dcoder.Invalid("input_audio", "input_audio: %s takes no sound", w.model())
	}
	if w.own {
		if b.Extra["cache_control"] == nil {
			w.cache(b.Cache)
		}
		w.extra(b.Extra)
	} else if b.Kind != canonical.Thinking && b.Kind != canonical.Redacted {
		w.cache(b.Cache)
	}
	w.close('}')
	return err
}

func (w *writer) toolUse(c *canonical.Call) {
	w.member("type", "tool_use")
	w.member("id", cleanID(c.ID))
	w.member("name", c.Name)
	w.key("input")
	if len(c.Arguments) == 0 {
		w.raw([]byte("{}"))
		return
	}
	w.raw(c.Arguments)
}

func (w *writer) result(r *canonical.Result) error {
	w.member("type", "tool_result")
	w.member("tool_use_id", cleanID(r.ID))
	if r.Failed != nil && (w.own || *r.Failed) {
		w.key("is_error")
		w.bool(*r.Failed)
	}
	blocks := r.Blocks
	if !w.own {
		blocks = userBlocks(blocks)
	}
	switch {
	case r.Plain && len(blocks) == 1:
		w.member("content", blocks[0].Text)
	case w.own && blocks != nil || len(blocks) > 0:
		w.key("content")
		return w.blocks(blocks)
	}
	return nil
}

// media writes a picture or a document.
func (w *writer) media(b *canonical.Block) error {
	w.member("type", string(b.Kind))
	m := b.Media
	if w.own && b.Extra["source"] != nil {
		return nil // extra has it
	}
	if b.Kind == canonical.Document && m.Name != "" {
		w.member("title", m.Name)
	}
	w.key("source")
	w.open('{')
	err := w.source(b)
	w.close('}')
	return err
}

func (w *writer) source(b *canonical.Block) error {
	m := b.Media
	switch {
	case m.URL != "" && (w.own || isHTTP(m.URL)):
		w.member("type", "url")
		w.member("url", m.URL)
	case m.FileID != "" && w.own:
		w.member("type", "file")
		w.member("file_id", m.FileID)
	case m.FileID != "":
		return dcoder.Invalid("file_id", "file_id: a file of another provider's store cannot be sent to %s; send its data", w.model())
	case m.URL != "":
		return dcoder.Invalid("url", "url: %s takes http and https addresses", w.model())
	case m.Text != "":
		w.text(m.Text)
	case b.Kind == canonical.Document && !w.own && strings.HasPrefix(m.Type, "text/"):
		raw, err := base64.StdEncoding.DecodeString(m.Data)
		if err != nil {
			return dcoder.Invalid("file_data", "file_data is not base64")
		}
		w.text(string(raw))
	default:
		return w.data(b)
	}
	return nil
}

func isHTTP(url string) bool {
	return strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
}

func (w *writer) text(s string) {
	w.member("type", "text")
	w.member("media_type", "text/plain")
	w.member("data", s)
}

func (w *writer) data(b *canonical.Block) error {
	kind := b.Media.Type
	if !w.own {
		if kind = mediaType(b); kind == "" {
			return dcoder.Invalid(string(b.Kind), "%s: %s takes PNG, JPEG, GIF and WebP pictures, PDF and plain text; this is %q", b.Kind, w.model(), b.Media.Type)
		}
	}
	w.member("type", "base64")
	w.member("media_type", kind)
	w.member("data", b.Media.Data)
	return nil
}

// beginnings of base64 tell what a picture is when nobody says so.
var beginnings = []struct{ of, kind string }{
	{"/9j/", "image/jpeg"}, {"iVBOR", "image/png"}, {"R0lGOD", "image/gif"}, {"UklGR", "image/webp"}, {"JVBERi", "application/pdf"},
}

// mediaType is what the API is told of data, "" for what it does not take.
func mediaType(b *canonical.Block) string {
	kind := strings.ToLower(b.Media.Type)
	if kind == "image/jpg" {
		kind = "image/jpeg"
	}
	for _, known := range beginnings {
		if kind == known.kind || (kind == "" || kind == "application/octet-stream") && strings.HasPrefix(b.Media.Data, known.of) {
			return known.kind
		}
	}
	return ""
}
