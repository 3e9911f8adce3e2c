package main

import (
	"fmt"
	"math"
	"time"

	"github.com/d-coder-ai/dcoder/infra/bench/load"
	"github.com/d-coder-ai/dcoder/infra/bench/stats"
)

// usage is what a target's processes have used at one moment.
type usage struct {
	cpu      time.Duration // of the server
	store    time.Duration // of the Redis behind it
	resident int64
	mallocs  uint64
}

// sample is one round of one target.
type sample struct {
	rate       float64
	p50, p99   time.Duration
	first      time.Duration // p50 to the first byte
	cpu, store time.Duration // in the window
	answers    int
	mallocs    uint64 // in the window
	resident   int64
	failed     int
	failure    string
}

func newSample(r *load.Result, before, after usage) sample {
	return sample{
		rate: r.Rate(), p50: stats.Percentile(r.Latencies, 50), p99: stats.Percentile(r.Latencies, 99),
		first: stats.Percentile(r.Firsts, 50),
		cpu:   after.cpu - before.cpu, store: after.store - before.store, answers: len(r.Latencies),
		resident: after.resident, mallocs: after.mallocs - before.mallocs, failed: r.Failed, failure: r.Failure,
	}
}

// samples are the rounds of one target in one cell.
type samples []sample

func (s samples) median(f func(sample) float64) float64 {
	v := make([]float64, len(s))
	for i, x := range s {
		v[i] = f(x)
	}
	return stats.Median(v)
}

func (s samples) rate() float64 { return s.median(func(x sample) float64 { return x.rate }) }

func (s samples) micros(f func(sample) time.Duration) float64 {
	return s.median(func(x sample) float64 { return float64(f(x)) / 1e3 })
}

// cpu is the processor time of an answer in microseconds. The kernel counts in
// steps of 10 ms, so it is taken over all rounds together.
func (s samples) cpu(f func(sample) time.Duration) float64 {
	var total time.Duration
	answers := 0
	for _, x := range s {
		total += f(x)
		answers += x.answers
	}
	if answers == 0 {
		return math.NaN()
	}
	return float64(total) / 1e3 / float64(answers)
}

func (s samples) failed() (n int, first string) {
	for _, x := range s {
		n += x.failed
		if first == "" {
			first = x.failure
		}
	}
	return n, first
}

// row is one line of the table. Times are in microseconds; ratios are to the
// reverse proxy of the same rounds, NaN where there is none.
type row struct {
	cell              cell
	target            string
	rate, rateRatio   float64
	p50, p99, first   float64
	added, addedRatio float64 // p50 less the upstream's own
	cpu, cpuRatio     float64 // server and store together
	store             float64
	resident          float64 // MB
	mallocs           float64 // objects an answer
	failed            int
	failure           string
}

// mallocs is how many objects an answer costs; NaN where nobody counts them.
func (s samples) mallocs() float64 {
	return s.median(func(x sample) float64 {
		if x.mallocs == 0 {
			return math.NaN()
		}
		return stats.Ratio(float64(x.mallocs), float64(x.answers))
	})
}

// compare makes the rows of one cell.
func compare(c cell, targets []*target, series []samples) []row {
	direct, proxy := find(targets, series, nameDirect), find(targets, series, nameProxy)
	rows := make([]row, len(targets))
	for i, t := range targets {
		s := series[i]
		r := row{
			cell: c, target: t.name,
			rate: s.rate(), rateRatio: paired(s, proxy, func(x sample) float64 { return x.rate }),
			p50:   s.micros(func(x sample) time.Duration { return x.p50 }),
			p99:   s.micros(func(x sample) time.Duration { return x.p99 }),
			first: s.micros(func(x sample) time.Duration { return x.first }),
			added: added(s, direct), addedRatio: stats.Ratio(added(s, direct), added(proxy, direct)),
			cpu: s.cpu(total), cpuRatio: stats.Ratio(s.cpu(total), proxy.cpu(total)),
			store:    s.cpu(func(x sample) time.Duration { return x.store }),
			resident: s.median(func(x sample) float64 { return float64(x.resident) / 1e6 }),
		}
		r.mallocs = s.mallocs()
		r.failed, r.failure = s.failed()
		rows[i] = r
	}
	return rows
}

func total(x sample) time.Duration { return x.cpu + x.store }

func find(targets []*target, series []samples, name string) samples {
	for i, t := range targets {
		if t.name == name {
			return series[i]
		}
	}
	return nil
}

// paired is the median over rounds of a's figure to b's of the same round, so
// that a slow second of the machine weighs on both.
func paired(a, b samples, f func(sample) float64) float64 {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		ratios = append(ratios, stats.Ratio(f(a[i]), f(b[i])))
	}
	return stats.Median(ratios)
}

// added is the median over rounds of the time that s adds to direct, in
// microseconds.
func added(s, direct samples) float64 {
	var d []float64
	for i := range min(len(s), len(direct)) {
		d = append(d, float64(s[i].p50-direct[i].p50)/1e3)
	}
	return stats.Median(d)
}

// failures is an error when any answer was not what it should be: figures of
// failing requests are worth nothing.
func failures(rows []row) error {
	for _, r := range rows {
		if r.failed > 0 {
			return fmt.Errorf("%s on %s: %d failed requests, the first: %s", r.cell, r.target, r.failed, r.failure)
		}
		if r.rate == 0 {
			return fmt.Errorf("%s on %s: no answer inside a window", r.cell, r.target)
		}
	}
	return nil
}
