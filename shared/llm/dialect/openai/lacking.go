package openai

import "sync"

// lacking remembers which servers do not have the Responses API, for as long as
// the process lives.
type lacking struct {
	mu    sync.RWMutex
	bases map[string]bool
}

func (l *lacking) has(base string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.bases[base]
}

func (l *lacking) add(base string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bases == nil || len(l.bases) >= mostPlaces {
		l.bases = map[string]bool{}
	}
	l.bases[base] = true
}
