package exact

import "container/heap"

// merge cuts a piece by byte-pair encoding: it begins with single bytes and joins
// again and again the neighbours whose union has the lowest rank, the leftmost
// first. It returns where each token ends. A heap keeps it at n log n, since a
// piece may be as long as the text.
func (e *Encoding) merge(piece string) []int {
	m := merging{piece: piece, ranks: e.ranks, links: make([]link, len(piece))}
	for i := range m.links {
		m.links[i] = link{prev: i - 1, end: i + 1}
	}
	for i := range m.links {
		m.offer(i)
	}
	for len(m.pairs) > 0 {
		m.join(heap.Pop(&m.pairs).(pair))
	}
	return m.ends()
}

type merging struct {
	piece string
	ranks map[string]int32
	links []link // by the byte that a part begins with
	pairs pairs
}

// link is a part of the piece; end is 0 when it was joined to the one before.
type link struct{ prev, end int }

// pair is a part and its right neighbour as they were when they were offered.
type pair struct {
	rank       int32
	start, end int
}

// offer puts the part at start and its right neighbour up for joining.
func (m *merging) offer(start int) {
	next := m.links[start].end
	if next >= len(m.piece) {
		return
	}
	end := m.links[next].end
	if rank, ok := m.ranks[m.piece[start:end]]; ok {
		heap.Push(&m.pairs, pair{rank, start, end})
	}
}

// join makes one of two parts, unless one of them has changed meanwhile.
func (m *merging) join(p pair) {
	left := m.links[p.start]
	if left.end == 0 || left.end >= p.end || m.links[left.end].end != p.end {
		return
	}
	m.links[left.end].end = 0
	m.links[p.start].end = p.end
	if p.end < len(m.piece) {
		m.links[p.end].prev = p.start
	}
	m.offer(p.start)
	if left.prev >= 0 {
		m.offer(left.prev)
	}
}

func (m *merging) ends() []int {
	var ends []int
	for at := 0; at < len(m.piece); at = m.links[at].end {
		ends = append(ends, m.links[at].end)
	}
	return ends
}

// pairs is a heap by rank, then by place.
type pairs []pair

func (p pairs) Len() int      { return len(p) }
func (p pairs) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *pairs) Push(x any)   { *p = append(*p, x.(pair)) }

func (p pairs) Less(i, j int) bool {
	return p[i].rank < p[j].rank || p[i].rank == p[j].rank && p[i].start < p[j].start
}

func (p *pairs) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}
