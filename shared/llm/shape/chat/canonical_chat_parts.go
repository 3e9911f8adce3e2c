package chat

import (
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// canBlock reports whether a block may be written as a part.
func (w *request) canBlock(b *canonical.Block, path string) bool {
	a := &w.o.Ability
	switch b.Kind {
	case canonical.Image:
		return w.can(a.Vision, path+".content", "it sees no pictures") && w.reachable(b, path)
	case canonical.Document:
		return b.Media.Text != "" || w.can(a.Documents, path+".content", "it reads no documents") && w.reachable(b, path)
	case canonical.Audio:
		return w.can(a.AudioInput, path+".content", "it hears nothing") && w.reachable(b, path)
	case canonical.Opaque, canonical.ToolResult:
		return w.native || w.cannot(path, "a block of its own protocol")
	}
	return true
}

// reachable reports whether the protocol has a place for where the media is.
func (w *request) reachable(b *canonical.Block, path string) bool {
	m := b.Media
	switch {
	case m.Data != "":
		return true
	case b.Kind == canonical.Image && m.URL != "":
		return true
	case b.Kind == canonical.Document && m.FileID != "" && w.native:
		return true
	case b.Kind == canonical.Image:
		return w.cannot(path, "a picture that is neither data nor a URL")
	case b.Kind == canonical.Document:
		return w.cannot(path, "a document that is not data")
	}
	return w.cannot(path, "a sound that is not data")
}

// cannot refuses, or drops, what no model of this protocol takes.
func (w *request) cannot(path, what string) bool {
	if !w.o.Drop(path) {
		w.fail(dcoder.Invalid(path, "%s holds %s, which the model %s cannot be given", path, what, w.o.Model))
	}
	return false
}

// appendPart writes a block that canBlock has let pass.
func (w *request) appendPart(b []byte, block *canonical.Block, path string, mark bool) []byte {
	return nested(b, func(o *object) {
		e := block.Extra
		if !w.native {
			e = nil
		}
		name := w.part(o, block, e)
		if !w.native {
			return
		}
		if mark {
			w.cache(o, block.Cache, e)
		}
		o.extra(e, w.besides(name)...)
	})
}

// part writes type and content, and returns the name in Extra of fields that it
// has written inside.
func (w *request) part(o *object, b *canonical.Block, e canonical.Extra) string {
	_, image := e[asImage]
	switch {
	case b.Kind == canonical.Opaque:
		return ""
	case b.Kind == canonical.Image, image:
		return writeImage(o, b, e)
	case b.Kind == canonical.Audio:
		o.text("type", "input_audio")
		o.in("input_audio", func(o *object) {
			o.text("data", b.Media.Data)
			if b.Media.Format != "" {
				o.text("format", b.Media.Format)
			}
			o.extra(without(e["input_audio"]))
		})
		return "input_audio"
	case b.Kind == canonical.Document && b.Media.Text == "":
		o.text("type", "file")
		o.in("file", func(o *object) { writeFile(o, b.Media, e, w.native) })
		return "file"
	case b.Kind == canonical.Document:
		o.text("type", "text")
		o.text("text", b.Media.Text)
	case b.Kind == canonical.Refusal:
		o.text("type", "refusal")
		o.text("refusal", b.Text)
	default:
		o.text("type", "text")
		o.text("text", b.Text)
	}
	return ""
}

func writeImage(o *object, b *canonical.Block, e canonical.Extra) string {
	o.text("type", "image_url")
	if _, bare := e[bareImage]; bare {
		o.text("image_url", address(b.Media))
		return "image_url"
	}
	o.in("image_url", func(o *object) {
		o.text("url", address(b.Media))
		if b.Media.Detail != "" {
			o.text("detail", b.Media.Detail)
		}
		o.extra(without(e["image_url"]))
	})
	return "image_url"
}

// address is where media is: its URL, or the data itself.
func address(m *canonical.Media) string {
	if m.Data == "" {
		return m.URL
	}
	return "data:" + m.Type + ";base64," + m.Data
}

func writeFile(o *object, m *canonical.Media, e canonical.Extra, native bool) {
	if m.Data != "" {
		data := m.Data
		if m.Type != "" {
			data = address(m)
		}
		o.text("file_data", data)
	}
	if m.FileID != "" {
		o.text("file_id", m.FileID)
	}
	switch {
	case m.Name != "":
		o.text("filename", m.Name)
	case m.Data != "" && !native:
		o.text("filename", "document.pdf") // needed by the protocol
	}
	o.extra(without(e["file"]))
}
