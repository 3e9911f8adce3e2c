package llm

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// limits are those of the snapshot that hold for this call: all of them, unless
// some are for one model only. A call counts in the limits of the name that it
// asks for and of the model that is tried first.
func (r *Request) limits() []dcoder.Limit {
	all := r.Snapshot.Limits
	if r.hop != nil {
		all = r.hop.limits
	}
	c := r.Candidate()
	if c == nil || !slices.ContainsFunc(all, func(l dcoder.Limit) bool { return l.Model != "" }) {
		return all
	}
	return views.of(all, view{asked: r.Model, provider: c.Grant.Name, served: c.Model})
}

// view is a snapshot's limits as one model's calls see them.
type view struct {
	first                   *dcoder.Limit // of the snapshot's limits; keeps its place from being used again
	asked, provider, served string
	counts                  bool // only those that count calls, of whichever model
}

// shows reports whether a limit is part of the view.
func (v *view) shows(l *dcoder.Limit) bool {
	if v.counts {
		return l.Metric != dcoder.MetricTokens && l.Metric != dcoder.MetricMoney
	}
	return l.Concerns(v.asked, v.provider, v.served)
}

// limitViews keeps the views of the snapshots in use, so that the calls of a
// model hand the same slice to the ledger, which prepares each slice once.
type limitViews struct {
	mu   sync.RWMutex
	made map[view][]dcoder.Limit
}

const mostViews = 1024

var views = limitViews{made: map[view][]dcoder.Limit{}}

func (v *limitViews) of(all []dcoder.Limit, key view) []dcoder.Limit {
	key.first = unsafe.SliceData(all)
	v.mu.RLock()
	some, ok := v.made[key]
	v.mu.RUnlock()
	if ok {
		return some
	}
	for i := range all {
		if key.shows(&all[i]) {
			some = append(some, all[i])
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.made) >= mostViews {
		clear(v.made)
	}
	if before, ok := v.made[key]; ok {
		return before
	}
	v.made[key] = some
	return some
}
