// Package extract keeps the parts of a text that a question needs: sentences of
// documents, turns of a conversation. It has no model. It scores units by BM25
// over the text itself, with what stands around them, and takes the best into a
// budget of tokens, in their order. It alters nothing inside a unit; what may be
// cut at all is decided by package compress.
//
// Sources: BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance
// Framework" (2009).
package extract

import (
	"container/heap"
	"fmt"
	"math"
	"strings"
)

// Mark stands where units of a passage were cut.
const Mark = "… "

// Task is a text, what is asked of it, and how much of it may stay.
type Task struct {
	Text     string
	Question string
	Budget   int                   // tokens that may stay
	Count    func(text string) int // tokens of a text
	Weights  *Weights              // nil: Default
}

// Result is what stayed.
type Result struct {
	Text  string
	Found float64 // share of the question's weight whose words occur in the text
	Kept  int     // units
	Cut   int
}

// Extract keeps what fits into the budget. A text that fits stays whole.
func Extract(t Task) Result {
	wt := t.Weights
	if wt == nil {
		wt = &Default
	}
	if t.Count(t.Text) <= t.Budget {
		return Result{Text: t.Text, Found: 1, Kept: 1}
	}
	lex := newLexicon(len(t.Text)/16 + 64)
	outline := read(t.Text)
	lex.code = outline.code
	r := outline.words(lex)
	known := len(lex.small)
	for range lex.read(nil, t.Question) {
		r.idf = append(r.idf, 0)
	}
	unseen := math.Log(2*float64(len(r.units)) + 2)
	for i := known; i < len(r.idf); i++ {
		r.idf[i] = unseen
	}
	a := r.asked(t.Question, known, wt)
	keep := r.choose(&a, r.scores(&a, wt), t, wt)
	res := Result{Text: r.render(keep), Found: a.found}
	for _, k := range keep {
		if k {
			res.Kept++
		} else {
			res.Cut++
		}
	}
	if r.code && res.Cut > 0 {
		res.Text += r.comment(res.Cut)
	}
	return res
}

// comment says in the code's own language how much was left out of it.
func (r *reading) comment(cut int) string {
	sign := "//"
	if strings.HasPrefix(r.text, "def ") || strings.Contains(r.text, "\ndef ") {
		sign = "#"
	}
	return fmt.Sprintf("%s … %d definitions left out\n", sign, cut)
}

// commented is what comment may take of a budget.
const commented = 10

// choose takes units by their worth into the budget; a passage's head is paid
// with its first unit, and each unit kept makes the others of its passage worth a
// little less.
func (r *reading) choose(a *asked, scores []float64, t Task, wt *Weights) []bool {
	c := choice{
		reading: r, Task: t, wt: wt, keep: make([]bool, len(r.units)), kept: make([]int, len(r.passages)),
		asked: a, covered: make([]float64, len(a.terms)), units: r.termsOf(a),
	}
	sum := 0
	for i, u := range r.outline.units {
		cost := t.Count(u.of(r.text))
		sum += cost
		cheap := math.Pow(float64(max(cost, 8)), wt.Density)
		c.queue = append(c.queue, candidate{unit: i, cost: cost, score: scores[i], cheap: cheap, now: scores[i] / cheap})
	}
	for _, p := range r.passages {
		sum += t.Count(p.head.of(r.text))
	}
	// Parts count for more than the whole, since each is rounded up.
	c.Budget = int(float64(c.Budget) * max(1, float64(sum)/float64(max(1, t.Count(r.text)))))
	if r.code {
		c.Budget -= commented
	}
	heap.Init(&c.queue)
	for len(c.queue) > 0 {
		c.take()
	}
	return c.keep
}

func (r *reading) render(keep []bool) string {
	var b strings.Builder
	b.Grow(len(r.text) / 2)
	for _, p := range r.passages {
		gap, any := false, false
		for i := p.first; i < p.next; i++ {
			if !keep[i] {
				gap = true
				continue
			}
			if !any {
				b.WriteString(p.head.of(r.text))
				any = true
			}
			if gap {
				b.WriteString(Mark)
				gap = false
			}
			b.WriteString(r.outline.units[i].of(r.text))
		}
		if any && gap {
			trail(&b, r.text[:r.outline.units[p.next-1].end])
		}
	}
	return b.String()
}

// trail marks a cut at a passage's end and keeps the line break there.
func trail(b *strings.Builder, before string) {
	b.WriteString(strings.TrimRight(Mark, " "))
	b.WriteString(before[len(strings.TrimRight(before, " \n\t\r")):])
}
