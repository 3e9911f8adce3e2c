package main

import (
	"encoding/csv"
	"fmt"
	"os"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// dimension of the lexical embedder here.
const dimension = 1024

// question is a request of the stream; a cached answer is right when its intent
// is the same.
type question struct {
	text   *semcache.Text
	vector []float32
	at     []int32 // where the vector is not zero
	intent string
}

func questions(path string) ([]question, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	reader := csv.NewReader(f)
	reader.FieldsPerRecord = 2 // text, category
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var all []question
	for _, row := range rows[min(1, len(rows)):] {
		all = append(all, understood(row[0], row[1]))
	}
	return all, nil
}

func understood(text, intent string) question {
	q := question{text: semcache.Read(text), intent: intent}
	q.vector = semcache.Lexical{Dimension: dimension}.Embed(q.text)
	for i, x := range q.vector {
		if x != 0 {
			q.at = append(q.at, int32(i))
		}
	}
	return q
}

// sparse finds the same neighbours as semcache.Index does, faster, since the
// vectors of the lexical embedder are mostly zero. A test compares the two.
type sparse struct {
	by      [dimension][]posting
	entries []*question
	groups  []uint64
	sums    []float32
}

type posting struct {
	entry int32
	value float32
}

func (s *sparse) add(q *question, group uint64) {
	for _, d := range q.at {
		s.by[d] = append(s.by[d], posting{int32(len(s.entries)), q.vector[d]})
	}
	s.entries, s.groups, s.sums = append(s.entries, q), append(s.groups, group), append(s.sums, 0)
}

func (s *sparse) near(q *question, most int) []semcache.Near {
	clear(s.sums)
	for _, d := range q.at {
		for _, p := range s.by[d] {
			s.sums[p.entry] += q.vector[d] * p.value
		}
	}
	best := make([]int, 0, most+1)
	for i, c := range s.sums {
		if len(best) == most && c <= s.sums[best[most-1]] {
			continue
		}
		best = append(best, i)
		for k := len(best) - 1; k > 0 && s.sums[best[k]] > s.sums[best[k-1]]; k-- {
			best[k], best[k-1] = best[k-1], best[k]
		}
		best = best[:min(len(best), most)]
	}
	return s.found(best)
}

func (s *sparse) found(best []int) []semcache.Near {
	out := make([]semcache.Near, len(best))
	for k, i := range best {
		q := s.entries[i]
		out[k] = semcache.Near{ID: q.intent, Cosine: float64(s.sums[i]), Text: q.text, Vector: q.vector, Group: s.groups[i]}
	}
	return out
}
