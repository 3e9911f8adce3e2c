package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// outcome is what a rule did with one shuffle, in percent of requests; wrongServed
// of those served.
type outcome struct {
	hits, late, wrong, wrongServed, verified float64
	each                                     time.Duration
}

// replay asks all questions in the order of a shuffle. A verified request called
// the provider and is no hit.
func replay(all []question, seed uint64, r rule) (o outcome) {
	order := rand.New(rand.NewPCG(seed, 77)).Perm(len(all))
	hits, late, wrong := 0, 0, 0
	begin := time.Now()
	for i, at := range order {
		intent, served := r.ask(&all[at])
		if !served {
			continue
		}
		hits++
		if i >= len(order)/2 {
			late++
		}
		if intent != all[at].intent {
			wrong++
		}
	}
	n := len(order)
	o = outcome{hits: percent(hits, n), late: percent(late, n-n/2), wrong: percent(wrong, n), wrongServed: percent(wrong, hits)}
	o.each = time.Since(begin) / time.Duration(n)
	if l, ok := r.(*learnt); ok {
		o.verified = percent(l.verified, n)
	}
	return o
}

// shuffled replays many shuffles, as many at once as there are processors.
func shuffled(all []question, shuffles int, rule func(seed uint64) rule) []outcome {
	out := make([]outcome, shuffles)
	var wg sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range out {
		wg.Go(func() {
			room <- struct{}{}
			out[i] = replay(all, uint64(1000+i), rule(uint64(i)))
			<-room
		})
	}
	wg.Wait()
	return out
}

// column picks a figure of every shuffle.
func column(all []outcome, of func(outcome) float64) (out []float64) {
	for _, o := range all {
		out = append(out, of(o))
	}
	return out
}

func head(w io.Writer, title string) {
	fmt.Fprintf(w, "%s\n%-34s %24s %9s %7s %24s %9s %12s %9s %6s %8s\n", title, "rule", "hits of requests", "worst 10%",
		"late", "wrong of requests", "worst 10%", "wrong served", "verified", "over", "us each")
}

// line prints a rule's row; delta 0 promises nothing.
func line(w io.Writer, name string, all []outcome, delta float64) {
	hits := column(all, func(o outcome) float64 { return o.hits })
	wrong := column(all, func(o outcome) float64 { return o.wrong })
	over := 0
	for _, x := range wrong {
		if x > 100*delta {
			over++
		}
	}
	violations := "-"
	if delta > 0 {
		violations = fmt.Sprintf("%d/%d", over, len(all))
	}
	fmt.Fprintf(w, "%-34s %24s %8.1f%% %6.1f%% %24s %8.2f%% %11.2f%% %8.1f%% %6s %8.0f\n", name, around(hits), lowest(hits),
		mean(column(all, func(o outcome) float64 { return o.late })), around(wrong), highest(wrong),
		mean(column(all, func(o outcome) float64 { return o.wrongServed })),
		mean(column(all, func(o outcome) float64 { return o.verified })), violations,
		mean(column(all, func(o outcome) float64 { return float64(o.each.Microseconds()) })))
}

// streams prints the tables over the stream of questions.
func streams(w io.Writer, all []question, shuffles int, slip errors) {
	baselines(w, all, min(shuffles, 3))
	head(w, fmt.Sprintf("banking77, %d requests, an oracle verifies; over: shuffles with more wrong answers than delta; verifier errs: misses/too strict", len(all)))
	for _, delta := range []float64{0.005, 0.01, 0.02} {
		line(w, fmt.Sprintf("policy, delta %.1f%%", 100*delta), learntShuffles(all, shuffles, semcache.Config{Delta: delta}, 1, errors{}), delta)
	}
	odd := every(all, 1)
	line(w, fmt.Sprintf("policy, delta 1%%, %d odd ones", len(odd)), learntShuffles(odd, shuffles, semcache.Config{}, 1, errors{}), 0.01)
	for _, strict := range []float64{0, 0.02, slip.strict} {
		e := errors{miss: slip.miss, strict: strict}
		line(w, fmt.Sprintf("the same, verifier errs %.1f/%.0f%%", 100*e.miss, 100*e.strict), learntShuffles(all, min(shuffles, 3), semcache.Config{}, 1, e), 0.01)
	}
	fmt.Fprintln(w)
	sharing(w, all, min(shuffles, 3))
}

func learntShuffles(all []question, shuffles int, cfg semcache.Config, split uint64, e errors) []outcome {
	return shuffled(all, shuffles, func(seed uint64) rule { return newLearnt(cfg, seed, split, e) })
}

func baselines(w io.Writer, all []question, shuffles int) {
	head(w, fmt.Sprintf("banking77, %d requests in random order, baselines (%d shuffles)", len(all), shuffles))
	for _, least := range []float64{0.7, 0.8, 0.85, 0.9} {
		line(w, fmt.Sprintf("cosine from %.2f", least), shuffled(all, shuffles, func(uint64) rule { return &threshold{least: least} }), 0)
	}
	for _, v := range vetoes[2:] {
		line(w, "cosine from 0.70, no "+v.name, shuffled(all, shuffles, func(uint64) rule { return &threshold{least: 0.7, refuse: v.says} }), 0)
	}
	fmt.Fprintln(w)
}

// sharing shows what partitions gain from each other's evidence.
func sharing(w io.Writer, all []question, shuffles int) {
	const parts = 10
	head(w, fmt.Sprintf("the same, cut at random into %d partitions of their own entries (%d shuffles)", parts, shuffles))
	line(w, "shared evidence", learntShuffles(all, shuffles, semcache.Config{}, parts, errors{}), 0.01)
	line(w, "each its own evidence", shuffled(all, shuffles, func(seed uint64) rule { return newAlone(seed, parts) }), 0.01)
	fmt.Fprintln(w)
}

// alone is a policy for each partition.
type alone struct {
	parts []*learnt
	asked int
}

func newAlone(seed, parts uint64) *alone {
	a := new(alone)
	for i := range parts {
		a.parts = append(a.parts, newLearnt(semcache.Config{}, seed*100+i, 1, errors{}))
	}
	return a
}

func (a *alone) ask(q *question) (string, bool) {
	a.asked++
	return a.parts[a.asked%len(a.parts)].ask(q)
}

// every picks the questions with odd (1) or even (0) numbers.
func every(all []question, odd int) (out []question) {
	for i := odd; i < len(all); i += 2 {
		out = append(out, all[i])
	}
	return out
}
