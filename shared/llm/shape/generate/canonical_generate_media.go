package generate

import (
	"path"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// mediaTypes are those that Gemini takes, by the extension of a file's name.
// Source: cloud.google.com/vertex-ai/generative-ai/docs/multimodal, 2026-06.
var mediaTypes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".heic": "image/heic", ".heif": "image/heif",
	".gif": "image/gif", ".pdf": "application/pdf", ".txt": "text/plain", ".md": "text/plain", ".csv": "text/csv", ".html": "text/html",
	".mp3": "audio/mpeg", ".wav": "audio/wav", ".flac": "audio/flac", ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".aac": "audio/aac",
	".mp4": "video/mp4", ".mov": "video/quicktime", ".mpeg": "video/mpeg", ".mpg": "video/mpeg", ".webm": "video/webm",
}

// soundTypes are the formats that OpenAI's clients name.
var soundTypes = map[string]string{"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg", "aac": "audio/aac"}

// fileStore is where files that were given to AI Studio are referred to.
const fileStore = "https://generativelanguage.googleapis.com/v1beta/"

func (w *requestWriter) media(b *canonical.Block) error {
	if err := w.takes(b.Kind); err != nil {
		return err
	}
	m := b.Media
	switch {
	case m.Text != "" && !w.native:
		return w.text(&canonical.Block{Text: m.Text})
	case m.URL != "" || m.FileID != "":
		return w.fileData(b)
	}
	w.open('{')
	w.key("inlineData")
	w.open('{')
	if t := typeOf(m); t != "" {
		w.member("mimeType", t)
	} else if !w.native {
		return dcoder.Invalid(named(w.r, "messages"), "the media type of a file must be said")
	}
	w.member("data", m.Data)
	if m.Name != "" && w.native {
		w.member("displayName", m.Name)
	}
	w.inside(b, "inlineData")
	w.close('}')
	w.partEnd(b)
	return nil
}

// takes refuses what the model cannot see or hear.
func (w *requestWriter) takes(k canonical.Kind) error {
	a := &w.o.Ability
	if !a.Known || k == canonical.Image && a.Vision || k == canonical.Document && a.Documents || k == canonical.Audio && a.AudioInput {
		return nil
	}
	return dcoder.Invalid(named(w.r, "messages"), "the model %s takes no %ss", w.o.Model, k)
}

func typeOf(m *canonical.Media) string {
	if m.Type != "" {
		return m.Type
	}
	return soundTypes[m.Format]
}

// fileData refers to a file by URL. Google follows references into its own
// stores only; pictures of the web must have been fetched before.
func (w *requestWriter) fileData(b *canonical.Block) error {
	m, uri, kind := b.Media, b.Media.URL, typeOf(b.Media)
	if uri == "" {
		if !strings.HasPrefix(m.FileID, "files/") && !w.native {
			return dcoder.Invalid(named(w.r, "messages"), "the file %q is not one that this provider keeps", m.FileID)
		}
		uri = fileStore + m.FileID
	}
	if !w.native {
		if strings.HasPrefix(uri, "gs://") && kind == "" {
			kind = mediaTypes[strings.ToLower(path.Ext(uri))]
			if kind == "" {
				return dcoder.Invalid(named(w.r, "messages"), "the media type of a gs:// address must be said, or end its name (.png, .pdf, ...)")
			}
		}
		if !strings.HasPrefix(uri, "gs://") && !strings.HasPrefix(uri, fileStore) {
			return dcoder.Invalid(named(w.r, "messages"), "this model takes no file by an address of the web; send it as a data: URI")
		}
	}
	w.open('{')
	w.key("fileData")
	w.open('{')
	if kind != "" {
		w.member("mimeType", kind)
	}
	w.member("fileUri", uri)
	if m.Name != "" && w.native {
		w.member("displayName", m.Name)
	}
	w.inside(b, "fileData")
	w.close('}')
	w.partEnd(b)
	return nil
}
