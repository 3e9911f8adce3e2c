package semantic

import (
	"container/list"
	"sync"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// decoded holds the partitions that this process read, the least recently used
// ones out first.
type decoded struct {
	mu    sync.Mutex
	most  int // bytes
	size  int
	by    map[string]*list.Element
	order *list.List // of *slot, the most recent in front
}

type slot struct {
	key  string
	part *part
	size int
}

func newDecoded(most int) *decoded {
	return &decoded{most: most, by: map[string]*list.Element{}, order: list.New()}
}

// get returns the partition under a key, an empty one when it is not held.
func (d *decoded) get(key string, dimension int) *part {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.by[key]; e != nil {
		d.order.MoveToFront(e)
		return e.Value.(*slot).part
	}
	p := &part{index: semcache.NewIndex(dimension), removed: map[string]bool{}}
	d.by[key] = d.order.PushFront(&slot{key: key, part: p})
	return p
}

// grew accounts for what a partition takes now. One that holds twice what Redis
// keeps of it is dropped and read anew when it is next asked for: the oldest
// entries are gone there.
func (d *decoded) grew(key string, p *part, most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.by[key]
	if e == nil || e.Value.(*slot).part != p {
		return // dropped meanwhile
	}
	s := e.Value.(*slot)
	d.size += p.index.Size() - s.size
	s.size = p.index.Size()
	if p.index.Len() > 2*most {
		d.drop(e)
	}
	for d.size > d.most && d.order.Len() > 1 {
		d.drop(d.order.Back())
	}
}

func (d *decoded) drop(e *list.Element) {
	s := e.Value.(*slot)
	d.order.Remove(e)
	delete(d.by, s.key)
	d.size -= s.size
}
