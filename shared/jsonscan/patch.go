package jsonscan

import "io"

// maxCuts is the most changes that one document takes.
const maxCuts = 6

// Patch collects changes of one document and yields the result as pieces of the
// old bytes and of the new ones, so that a large body is never copied.
type Patch struct {
	cuts [maxCuts]cut
	n    int
	grow int
}

type cut struct {
	from, to int
	with     string
}

// Replace puts with where v stands. Changes must not overlap.
func (p *Patch) Replace(v Value, with string) { p.add(cut{v.Start, v.End, with}) }

// Insert puts with before the byte at offset at.
func (p *Patch) Insert(at int, with string) { p.add(cut{at, at, with}) }

// InsertMember puts a member (`"name":value`) first into an object: open is the
// offset behind its brace, empty says that it has no member yet.
func (p *Patch) InsertMember(open int, empty bool, member string) {
	if !empty {
		p.Insert(open, member+",")
		return
	}
	p.Insert(open, member)
}

// add keeps the cuts in the order of the document.
func (p *Patch) add(c cut) {
	i := p.n
	for ; i > 0 && p.cuts[i-1].from > c.from; i-- {
		p.cuts[i] = p.cuts[i-1]
	}
	p.cuts[i] = c
	p.n++
	p.grow += len(c.with) - (c.to - c.from)
}

// Len returns the length of the patched document.
func (p *Patch) Len(doc []byte) int { return len(doc) + p.grow }

// AppendTo appends the patched document to dst.
func (p *Patch) AppendTo(dst, doc []byte) []byte {
	at := 0
	for _, c := range p.cuts[:p.n] {
		dst = append(append(dst, doc[at:c.from]...), c.with...)
		at = c.to
	}
	return append(dst, doc[at:]...)
}

// Reader reads a patched document. The zero value reads nothing; Reset makes it
// read another one.
type Reader struct {
	doc   []byte
	patch Patch
	cut   int // the next one
	at    int // in doc
	with  int // bytes of the cut's text that were read
}

// Reset begins doc as changed by p.
func (r *Reader) Reset(doc []byte, p Patch) { *r = Reader{doc: doc, patch: p} }

// Read implements io.Reader.
func (r *Reader) Read(dst []byte) (n int, err error) {
	for n < len(dst) {
		m := r.some(dst[n:])
		if m == 0 {
			break
		}
		n += m
	}
	if n == 0 && len(dst) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// some copies from the piece that comes next; 0 at the end.
func (r *Reader) some(dst []byte) int {
	to := len(r.doc)
	for ; r.cut < r.patch.n; r.cut++ {
		c := &r.patch.cuts[r.cut]
		if r.at < c.from {
			to = c.from
			break
		}
		if m := copy(dst, c.with[r.with:]); m > 0 {
			r.with += m
			return m
		}
		r.at, r.with = c.to, 0
	}
	m := copy(dst, r.doc[r.at:to])
	r.at += m
	return m
}
