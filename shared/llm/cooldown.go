package llm

import (
	"errors"
	"hash/maphash"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Cooling says when a deployment that fails is left alone, and for how long.
// Zero values take their defaults.
type Cooling struct {
	Failures int           // in a row and within Window; default 5, more than the tries of one call
	Window   time.Duration // default 30 s
	Base     time.Duration // the first pause where the provider names none, doubled from then on; default 2 s
	Most     time.Duration // the longest such pause; default 1 min
	Probe    time.Duration // how long one probe keeps others away; default 30 s
	Known    int           // deployments that are remembered; default 8192
}

// longestAsked bounds what a provider may ask for, so that a wrong header does
// not take a deployment away for good.
const longestAsked = 24 * time.Hour

func (c Cooling) withDefaults() Cooling {
	c.Window, c.Base = or(c.Window, 30*time.Second), or(c.Base, 2*time.Second)
	c.Most, c.Probe = or(c.Most, time.Minute), or(c.Probe, 30*time.Second)
	if c.Failures == 0 {
		c.Failures = 5
	}
	if c.Known == 0 {
		c.Known = 8192
	}
	return c
}

// deployment is one model behind one credential of one tenant. Another secret is
// another deployment, so a mended credential begins anew.
type deployment struct {
	tenant, dialect, base, model string
	credential                   uint64 // keyed hash of the secret
}

// cooldowns remembers how the deployments fare, in this process: each finds out
// for itself, with one failed try at most for each that asks to be left alone.
type cooldowns struct {
	Cooling
	seed  maphash.Seed
	mu    sync.RWMutex
	known map[deployment]*health
}

func newCooldowns(c Cooling) *cooldowns {
	return &cooldowns{Cooling: c.withDefaults(), seed: maphash.MakeSeed(), known: map[deployment]*health{}}
}

// of returns the health of a candidate's deployment.
func (k *cooldowns) of(tenant string, c *Candidate) *health {
	id := deployment{tenant, c.Grant.Dialect, c.Grant.BaseURL, c.Model, maphash.String(k.seed, c.Grant.Secret)}
	k.mu.RLock()
	h := k.known[id]
	k.mu.RUnlock()
	if h == nil {
		h = k.add(id)
	}
	return h
}

func (k *cooldowns) add(id deployment) *health {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h := k.known[id]; h != nil {
		return h
	}
	if len(k.known) >= k.Known {
		k.forget()
	}
	h := &health{rules: &k.Cooling}
	h.used.Store(time.Now().UnixNano())
	k.known[id] = h
	return h
}

// sampled is among how many deployments the one is looked for that is forgotten.
const sampled = 8

// forget makes room: of a few taken at random, as a map is walked, the one that
// was used longest ago, and one that cools only when all of them do.
func (k *cooldowns) forget() {
	var worst deployment
	var oldest int64
	looked, cools := 0, true
	for id, h := range k.known {
		used, cooling := h.used.Load(), h.until.Load() != 0
		if looked == 0 || cools && !cooling || cools == cooling && used < oldest {
			worst, oldest, cools = id, used, cooling
		}
		if looked++; looked == sampled {
			break
		}
	}
	delete(k.known, worst)
}

// health is how one deployment fares.
type health struct {
	rules *Cooling
	until atomic.Int64 // Unix ns; 0: it does not cool
	used  atomic.Int64 // Unix ns of the last try
	sick  atomic.Bool  // something failed since the last success
	pace  pace

	mu       sync.Mutex
	failures int
	first    time.Time // of failures
	trips    int       // pauses in a row
	probe    time.Time // until when a probe keeps others away
	last     *dcoder.Error
}

// wait returns how long the deployment must be left alone; 0: it may be called.
func (h *health) wait(now time.Time) time.Duration {
	until := h.until.Load()
	if until == 0 {
		return 0
	}
	if left := time.Duration(until - now.UnixNano()); left > 0 {
		return left
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(h.probe.Sub(now), 0)
}

// turn is the permission for one try.
type turn struct {
	ok    bool
	probe bool // the only one, after a pause
	lone  bool // nothing else could serve the call
}

// enter asks for a try. After a pause one is let in at a time.
func (h *health) enter(now time.Time) turn {
	h.used.Store(now.UnixNano())
	if h.until.Load() == 0 {
		return turn{ok: true}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	until := h.until.Load()
	switch {
	case until == 0:
		return turn{ok: true}
	case now.UnixNano() < until || now.Before(h.probe):
		return turn{}
	}
	h.probe = now.Add(h.rules.Probe)
	return turn{ok: true, probe: true}
}

// leave says how a try ended.
func (h *health) leave(now time.Time, t turn, err error) {
	if err == nil && (!h.sick.Load() || !t.probe && h.until.Load() != 0) {
		return // nothing to mend, or it began before the pause and proves nothing about now
	}
	guilty, f := blame(err)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		h.failures, h.trips, h.last, h.probe = 0, 0, nil, time.Time{}
		h.until.Store(0)
		h.sick.Store(false)
	case guilty:
		h.fail(now, t, f)
	case t.probe:
		h.probe = time.Time{} // it said nothing; the next may
	}
}

func (h *health) fail(now time.Time, t turn, f *Failure) {
	cooling := h.until.Load() != 0
	h.last = f.Public
	h.sick.Store(true)
	if h.failures == 0 || now.Sub(h.first) > h.rules.Window {
		h.failures, h.first = 0, now
	}
	h.failures++
	switch {
	case f.After > 0:
		h.cool(now, min(f.After, longestAsked))
	case t.lone: // a pause would only put our error in place of the provider's
		h.probe = time.Time{}
	case t.probe || !cooling && h.failures >= h.rules.Failures:
		h.cool(now, min(h.rules.Base<<min(h.trips, 16), h.rules.Most))
	}
}

// cool begins a pause, or makes one longer.
func (h *health) cool(now time.Time, pause time.Duration) {
	at, before := now.Add(pause).UnixNano(), h.until.Load()
	if at <= before {
		return
	}
	if before <= now.UnixNano() {
		coolings.Add(1)
		h.trips++ // calls that were under way together are one pause
	}
	h.until.Store(at)
	h.probe, h.failures = time.Time{}, 0
}

// cause is what the pause is for.
func (h *health) cause() *dcoder.Error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// blame reports whether a failed try is the deployment's fault, and the failure.
// What the client asked wrongly, and what never went out, says nothing about it.
func blame(err error) (bool, *Failure) {
	var f *Failure
	if err == nil || !errors.As(err, &f) {
		return false, nil
	}
	e := f.Public
	switch {
	case e.Code == codeEgress:
		return false, f
	case ofCredential(f):
		return true, f
	case e.Status == http.StatusTooManyRequests, e.Status >= http.StatusInternalServerError:
		return f.Retry || isTimeout(e), f
	}
	return false, f
}

// Codes of failures that are read here; dialects write them.
const (
	codeCredential = "provider_credential_refused"
	codeQuota      = "provider_quota_exceeded"
	codeEgress     = "egress_refused"
	codeTimeout    = "upstream_timeout"
)

// ofCredential reports whether a failure is about the stored credential: no
// repetition mends it, another credential may.
func ofCredential(f *Failure) bool {
	return f.Public.Code == codeCredential || f.Public.Code == codeQuota
}

// broke counts a stream that broke off behind its first content.
func (r *Request) broke(err error) {
	if e := dcoder.AsError(err); isTimeout(e) {
		err = &Failure{Public: e}
	}
	r.Candidate().health.leave(time.Now(), turn{}, err)
}
