package auth

import (
	"container/list"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// memory holds snapshots of this process, least recently used first out.
// Snapshots in it are never changed.
type memory struct {
	most int

	mu     sync.Mutex
	places map[string]*list.Element
	order  list.List // of *entry, most recently used first
}

// entry is a snapshot, or the knowledge that there is none.
type entry struct {
	name    string
	snap    *dcoder.Snapshot // nil: there is no such key
	marks   Marks            // it was read under these
	loaded  time.Time        // when it was read
	checked time.Time        // when its marks were last the newest
}

func newMemory(most int) *memory { return &memory{most: most, places: map[string]*list.Element{}} }

func nameOf(tenant, key string) string { return tenant + "/" + key }

// get returns a copy of the entry; ok is false when there is none.
func (m *memory) get(name string) (e entry, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	place, ok := m.places[name]
	if !ok {
		return entry{}, false
	}
	m.order.MoveToFront(place)
	return *place.Value.(*entry), true
}

// put keeps an entry unless a younger one is there.
func (m *memory) put(e entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if place, ok := m.places[e.name]; ok {
		if old := place.Value.(*entry); !e.loaded.Before(old.loaded) {
			*old = e
		}
		m.order.MoveToFront(place)
		return
	}
	m.places[e.name] = m.order.PushFront(&e)
	if m.order.Len() > m.most {
		last := m.order.Back()
		m.order.Remove(last)
		delete(m.places, last.Value.(*entry).name)
	}
}

// confirm notes that the entry's marks were the newest at a time.
func (m *memory) confirm(name string, marks Marks, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if place, ok := m.places[name]; ok {
		if e := place.Value.(*entry); e.marks.same(marks) && at.After(e.checked) {
			e.checked = at
		}
	}
}

// same reports whether two marks name the same generations, both known.
func (m Marks) same(other Marks) bool {
	return m.known() && m.TenantGen == other.TenantGen && m.KeyGen == other.KeyGen
}

func (m Marks) known() bool { return m.TenantGen != 0 && m.KeyGen != 0 }
