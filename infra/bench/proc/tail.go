package proc

import (
	"bytes"
	"sync"
)

// Tail keeps the end of what a child says, for when it fails.
type Tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 4 << 10

// Write implements io.Writer.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailSize; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// String returns the last lines, whole ones.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text) == tailSize {
		if _, rest, ok := bytes.Cut(t.text, []byte("\n")); ok {
			return string(rest)
		}
	}
	return string(t.text)
}
