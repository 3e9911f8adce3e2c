package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// pair is two questions and whether one's answer may be served for the other.
type pair struct {
	A, B     string
	Label    int
	Test     string
	Category string
}

func readPairs(path string) (all []pair, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(raw) {
		var p pair
		if err := json.Unmarshal(line, &p); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// veto is a rule that refuses pairs.
type veto struct {
	name string
	says func(a, b *semcache.Text) bool
}

var vetoes = []veto{
	{"cosine below 0.85", func(a, b *semcache.Text) bool { return cosine(a, b) < 0.85 }},
	{"cosine below 0.95", func(a, b *semcache.Text) bool { return cosine(a, b) < 0.95 }},
	{"hard findings", func(a, b *semcache.Text) bool { return semcache.Compare(a, b).Found&semcache.Hard != 0 }},
	{"all findings", func(a, b *semcache.Text) bool { return semcache.Compare(a, b).Found != 0 }},
}

func cosine(a, b *semcache.Text) float32 {
	e := semcache.Lexical{Dimension: dimension}
	return semcache.Dot(e.Embed(a), e.Embed(b))
}

// pairs prints how many must-not-hit pairs each rule refuses, and how many good
// ones it keeps. A decile is of the file's tests: the worst tenth of them.
func pairs(w io.Writer, data, file string) error {
	all, err := readPairs(filepath.Join(data, "cache-pairs", file))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s, %d pairs (the tuning part)\n%-20s %28s %12s %28s %12s %10s\n", file, len(all),
		"rule", "must not hit: refused", "worst tests", "may hit: kept", "worst tests", "us a pair")
	for _, v := range vetoes {
		v.measure(w, all)
	}
	fmt.Fprintln(w)
	return nil
}

type score struct{ good, n int }

func (v veto) measure(w io.Writer, all []pair) {
	tests := [2]map[string]*score{{}, {}}
	var sums [2]score
	begin := time.Now()
	for _, p := range all {
		good := v.says(semcache.Read(p.A), semcache.Read(p.B)) == (p.Label == 0)
		s := tests[p.Label][p.Test+p.Category]
		if s == nil {
			s = new(score)
			tests[p.Label][p.Test+p.Category] = s
		}
		for _, s := range []*score{s, &sums[p.Label]} {
			s.n++
			if good {
				s.good++
			}
		}
	}
	each := time.Since(begin).Seconds() * 1e6 / float64(len(all))
	fmt.Fprintf(w, "%-20s %28s %11.1f%% %28s %11.1f%% %10.1f\n", v.name, proportion(sums[0].good, sums[0].n), decile(tests[0]),
		proportion(sums[1].good, sums[1].n), decile(tests[1]), each)
}

func decile(tests map[string]*score) float64 {
	var shares []float64
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		shares = append(shares, percent(tests[name].good, tests[name].n))
	}
	return lowest(shares)
}
