package compress

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync"
)

// version changes with every change of what Text makes of a text.
const version = 1

// Memo remembers what became of messages, so that a conversation that is sent
// again costs little. It forgets what was used longest ago. One Memo serves one
// way of counting. A nil Memo remembers nothing; a Memo may be used by many
// goroutines.
type Memo struct {
	mu    sync.Mutex
	most  int // bytes
	bytes int
	order *list.List // of *memory, the latest first
	by    map[memoKey]*list.Element
}

type memoKey [sha256.Size]byte

type memory struct {
	key  memoKey
	made Shortened
}

// NewMemo returns a Memo that holds at most so many bytes of text.
func NewMemo(most int) *Memo {
	return &Memo{most: most, order: list.New(), by: map[memoKey]*list.Element{}}
}

// once returns what is remembered, or makes it and remembers it. Two goroutines
// may make the same, which comes out the same.
func (m *Memo) once(msg Message, c Conversation, o Options, make func() Shortened) Shortened {
	if m == nil || msg.Role == System || msg.Role == Assistant {
		return make()
	}
	key := keyOf(msg, o, c.Handles)
	m.mu.Lock()
	if e, ok := m.by[key]; ok {
		m.order.MoveToFront(e)
		m.mu.Unlock()
		return e.Value.(*memory).made
	}
	m.mu.Unlock()
	made := make()
	m.keep(key, made)
	return made
}

func (m *Memo) keep(key memoKey, made Shortened) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.by[key]; ok || len(made.Text) > m.most {
		return
	}
	m.by[key] = m.order.PushFront(&memory{key, made})
	for m.bytes += len(made.Text); m.bytes > m.most; {
		oldest := m.order.Back()
		gone := m.order.Remove(oldest).(*memory)
		delete(m.by, gone.key)
		m.bytes -= len(gone.made.Text)
	}
}

func keyOf(msg Message, o Options, handles bool) memoKey {
	h := sha256.New()
	if handles {
		h.Write([]byte("handles"))
	}
	head := []byte{version, byte(msg.Role), byte(o.Mode), byte(o.Use)}
	head = binary.BigEndian.AppendUint64(head, math.Float64bits(o.Ratio))
	head = binary.BigEndian.AppendUint64(head, uint64(len(o.Question)))
	h.Write(head)
	h.Write([]byte(o.Question))
	head = binary.BigEndian.AppendUint64(nil, uint64(len(msg.Ask)))
	h.Write(append(head, msg.Ask...))
	h.Write([]byte(msg.Text))
	return memoKey(h.Sum(nil))
}
