package compress

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// Handle names the original of a text that was shortened: by its content, so that
// the same text has the same handle. It says nothing about the text, and it opens
// nothing by itself: a store keeps a tenant's originals apart from another's.
type Handle string

// Originals keeps originals for as long as a tenant's policy says.
type Originals interface {
	// Keep stores an original; the same again changes nothing.
	Keep(ctx context.Context, h Handle, original string) error
	// Original returns what was kept; ok is false when it is there no longer.
	Original(ctx context.Context, h Handle) (original string, ok bool, err error)
}

// HandleOf returns the handle of a text.
func HandleOf(text string) Handle {
	sum := sha256.Sum256([]byte(text))
	return Handle("orig_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10])))
}

// handled adds a line that names the original, if that is still a gain.
func handled(m Message, s Shortened, o Options) Shortened {
	h := HandleOf(m.Text)
	text := strings.TrimRight(s.Text, "\n") + fmt.Sprintf("\n[shortened from %d tokens; original: %s]\n", s.In, h)
	if out := o.count(text); out < s.In && len(text) < len(m.Text) {
		s.Text, s.Out, s.Handle = text, out, h
	}
	return s
}
