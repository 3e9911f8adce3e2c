package main

import (
	"fmt"
	"io"
	"time"

	"github.com/d-coder-ai/dcoder/shared/compress"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// set is cases of one kind and the ratios at which they are measured.
type set struct {
	name   string
	load   func(data string) ([]kase, error)
	ratios []float64
	use    compress.Use
}

var sets = []set{
	{"NQ, 20 passages: answer kept", nq, []float64{3, 5, 10}, compress.RAG},
	{"HotpotQA: all evidence kept", hotpot, []float64{3, 5}, compress.RAG},
	{"QMSum: turns kept", qmsum, []float64{3, 5}, compress.Document},
	{"CoSQA, 20 functions: gold whole", cosqa, []float64{3}, compress.Code},
	{"CoSQA, 20 nearest: gold whole", cosqaNearest, []float64{3}, compress.Code},
}

// measure prints the set's rows.
func (s set) measure(w io.Writer, data, cases string) error {
	all, err := s.load(data)
	if err != nil {
		return err
	}
	all = chosen(all, cases)
	fmt.Fprintf(w, "%s (%d cases, %d tokens each)\n", s.name, len(all), mean(all, func(k kase) float64 { return float64(k.tokens) }))
	fmt.Fprintf(w, "  %-20s %6s %7s %7s  %-14s %7s %8s %8s\n", "method", "asked", "actual", "kept", "95 %", "decile", "p50 ms", "p99 ms")
	for _, ratio := range s.ratios {
		for _, m := range append([]method{{"D.Coder", s.compressed(ratio)}}, baselines...) {
			if m.name == byDocuments && len(all[0].docs) == 1 {
				continue // nothing to choose from
			}
			measured(m, all, ratio).print(w, m.name, ratio)
		}
	}
	if s.use == compress.Code {
		s.identifiers(w, all)
	}
	fmt.Fprintln(w)
	return nil
}

// chosen are the cases of one half, by their number.
func chosen(all []kase, cases string) []kase {
	var half []kase
	for i, k := range all {
		if cases == "all" || (i%2 == 0) == (cases == "tune") {
			half = append(half, k)
		}
	}
	return half
}

// compressed is the pipeline as a request meets it, its tokens estimated.
func (s set) compressed(ratio float64) func(kase, int) string {
	return func(k kase, _ int) string {
		out, _ := compress.Text(k.text, compress.Options{Mode: compress.Ratio, Ratio: ratio, Use: s.use, Question: k.question, Count: token.Count})
		return out
	}
}

// figures are what one method made of all cases.
type figures struct {
	kept    []float64
	in, out int
	took    []time.Duration
}

func measured(m method, all []kase, ratio float64) figures {
	var f figures
	for _, k := range all {
		began := time.Now()
		out := m.run(k, int(float64(k.tokens)/ratio))
		f.took = append(f.took, time.Since(began))
		f.kept = append(f.kept, k.kept(out))
		f.in, f.out = f.in+k.tokens, f.out+count(out)
	}
	return f
}

func (f figures) print(w io.Writer, name string, ratio float64) {
	low, high := interval(f.kept)
	fmt.Fprintf(w, "  %-20s %5.1fx %6.2fx %7.3f  [%.3f, %.3f] %7.3f %8.2f %8.2f\n", name, ratio, float64(f.in)/float64(max(f.out, 1)),
		average(f.kept), low, high, worst(f.kept), milliseconds(f.took, .5), milliseconds(f.took, .99))
}
