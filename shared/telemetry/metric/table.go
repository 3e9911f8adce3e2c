package metric

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Table holds what is counted under each key. Looking up is one read of a map
// that nobody changes, and allocates nothing; a key that is new copies the map,
// which happens at most Most times.
type Table[K comparable, V any] struct {
	most  int
	fold  func(K) K
	build func() *V
	mu    sync.Mutex
	at    atomic.Pointer[map[K]*V]
}

// NewTable returns a table that takes most keys; of those that come later it
// counts fold(key), of which there must be few: they are taken always.
func NewTable[K comparable, V any](most int, fold func(K) K, build func() *V) *Table[K, V] {
	t := &Table[K, V]{most: most, fold: fold, build: build}
	t.at.Store(&map[K]*V{})
	return t
}

// Of returns what is counted under k.
func (t *Table[K, V]) Of(k K) *V {
	m := *t.at.Load()
	if v := m[k]; v != nil {
		return v
	}
	if len(m) >= t.most {
		k = t.fold(k)
		if v := m[k]; v != nil {
			return v
		}
	}
	return t.add(k)
}

func (t *Table[K, V]) add(k K) *V {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := *t.at.Load()
	if len(m) >= t.most {
		k = t.fold(k)
	}
	if v := m[k]; v != nil {
		return v
	}
	larger := maps.Clone(m)
	v := t.build()
	larger[k] = v
	t.at.Store(&larger)
	return v
}

// All returns what is there; it must not be changed.
func (t *Table[K, V]) All() map[K]*V { return *t.at.Load() }
