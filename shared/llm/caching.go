package llm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/llm/sameness"
)

// Outcomes of the cache, as headers and rows say them. A bypass has its reason
// behind it in the header.
const (
	cacheHit    = "hit-exact"
	cacheMiss   = "miss"
	cacheBypass = "bypass"
)

// caching is what the exact cache knows of one call.
type caching struct {
	control cacheControl

	on     bool   // a cache is there
	bypass string // why this call has nothing to do with it; "" it has
	hit    *entry // the answer that is kept, good for this call
	served bool   // the answer is not the provider's to this call
	age    time.Duration

	question [sha256.Size]byte // of what the body asks
	of       *byte             // the body that question is of
	flight   Flight

	claimed bool    // the claim on the flight is this call's, and nobody flies
	leads   *flight // that this call's answer goes to
	flies   bool    // others may follow it
	tether  *tether
	tail    *Usage // reported after the client had left
}

// largestQuestion is the largest body that is looked up, bytes.
const largestQuestion = 1 << 20

// shelve says under which key the answer to a call is kept, for its candidate and
// under its snapshot as they are now; once a call bypasses the cache, it does so
// to its end.
func (c *Coats) shelve(req *Request) {
	k := &req.cache
	if c.Shelf == nil || k.bypass != "" {
		req.Admission.Entry, req.Admission.Flight = "", ""
		return
	}
	k.on = true
	if k.bypass = req.mayShelve(); k.bypass == "" {
		k.bypass = k.ask(req)
	}
	if k.bypass != "" || !k.control.reads() {
		req.Admission.Entry, req.Admission.Flight = "", ""
		return
	}
	a := &req.Admission
	a.Entry, a.Flight, a.Holder = k.flight.Entry, k.flight.Name, c.Shelf.Holder()
}

// mayShelve says why a call has nothing to do with the cache, as far as that
// shows without a look at what it asks; "" it may have.
func (r *Request) mayShelve() string {
	k := &r.cache
	switch {
	case r.Kind == Count:
		return "kind"
	case r.Snapshot.Cache.Mode == "off":
		return "policy"
	case k.control.noStore:
		return "no-store"
	case k.control.illegible:
		return "tags"
	case r.brought.provider != "":
		return "caller-key"
	case r.guardDid != "":
		return "guardrail"
	case len(r.Doc.Raw) > largestQuestion:
		return "size"
	}
	return ""
}

var questions = sync.Pool{New: func() any { b := make([]byte, 0, 8<<10); return &b }}

// ask hashes what the body asks, once for each body, and the key behind it.
func (k *caching) ask(req *Request) (bypass string) {
	raw := req.Doc.Raw
	if k.of != &raw[0] {
		b := questions.Get().(*[]byte) //nolint:forcetypeassert // of our own pool
		q := question{req: req}
		*b = sameness.Append((*b)[:0], raw, q.leave)
		k.question, k.of = sha256.Sum256(*b), &raw[0]
		questions.Put(b)
		if q.why != "" {
			return q.why
		}
	}
	k.key(req)
	return ""
}

// question looks at the top-level members of a body on the way to its hash.
type question struct {
	req *Request
	why string
}

// leave implements sameness.Leave. The model stands in the namespace; the rest
// says how to deliver, to whom to charge, and what to remember of the call.
func (q *question) leave(name, value []byte) bool {
	switch string(name) {
	case "model", "stream", "stream_options", "service_tier":
		return true
	case "store":
		return q.req.Kind != Completion
	case "metadata", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention":
		return q.req.Kind != Response // an answer there repeats them
	case "temperature":
		if t, err := strconv.ParseFloat(string(value), 64); err == nil && !q.req.Snapshot.Cache.Takes(t) {
			q.why = "temperature"
		}
	case "logprobs", "top_logprobs":
		if !bytes.Equal(value, []byte("null")) && !bytes.Equal(value, []byte("false")) {
			q.why = "logprobs"
		}
	}
	return false
}

// key names where the answer is kept: behind the tenant, provider and model comes
// the hash of all that decides about it.
func (k *caching) key(req *Request) {
	c := req.Candidate()
	b := questions.Get().(*[]byte) //nolint:forcetypeassert // of our own pool
	defer questions.Put(b)
	in := append((*b)[:0], entryVersion, byte(req.Kind))
	if req.Kind == Completion && req.Stream && req.WantsUsage {
		in = append(in, 'u')
	}
	for _, part := range []string{req.Principal.Tenant, c.Grant.Name, c.Model, c.Grant.Dialect, c.Grant.BaseURL, req.Beta, req.Snapshot.Tenant.Params} {
		in = append(strconv.AppendInt(in, int64(len(part)), 10), ':')
		in = append(in, part...)
	}
	sum := sha256.Sum256(append(in, k.question[:]...))
	*b = in
	hash := base64.RawURLEncoding.EncodeToString(sum[:])
	tenant := "{" + req.Principal.Tenant + "}:"
	k.flight = Flight{Tenant: req.Principal.Tenant, Name: tenant + "flight:" + hash, Entry: tenant + c.Grant.Name + ":" + c.Model + ":" + hash}
}

// labels are what the answer to a call may be declared void by.
func (k *caching) labels(req *Request) []string {
	c := req.Candidate()
	out := append(make([]string, 0, 8), "*", "n:"+c.Grant.Name, "n:"+c.Grant.Name+":"+c.Model, "m:"+c.Model)
	if req.Model != c.Model {
		out = append(out, "m:"+req.Model)
	}
	for _, t := range k.control.tags {
		out = append(out, "t:"+t)
	}
	for _, s := range k.control.sources {
		out = append(out, "s:"+s)
	}
	return out
}

// look sees whether what the ledger brought along is an answer to the call.
func (c *Coats) look(ctx context.Context, req *Request) {
	k, v := &req.cache, &req.Verdict
	k.claimed, k.hit = v.Claimed, nil
	if v.Entry != nil && k.bypass == "" {
		k.take(c.good(ctx, req, v.Entry), req)
	}
}

func (k *caching) take(e *entry, req *Request) {
	if e == nil {
		return
	}
	age := max(req.Verdict.Time.Sub(e.Asked), 0)
	if k.control.takes(age) {
		k.hit, k.age = e, age
	}
}

// good opens a kept answer; nil when it is void or cannot be read.
func (c *Coats) good(ctx context.Context, req *Request, sealed []byte) *entry {
	tenant := req.Principal.Tenant
	e, err := openEntry(ctx, c.Sealer, tenant, req.cache.flight.Entry, sealed)
	if err != nil {
		slog.WarnContext(ctx, "a cached answer cannot be opened", "call", req.ID, "error", err)
		return nil
	}
	if !req.Verdict.Voided.Before(e.Asked) { // something was declared void since: perhaps this
		at, err := c.Shelf.Voided(ctx, tenant, e.Labels)
		if err != nil || !at.Before(e.Asked) {
			return nil
		}
	}
	return e
}

// giveUp frees a claim that the call does not use.
func (c *Coats) giveUp(req *Request) {
	k := &req.cache
	if k.claimed {
		k.claimed = false
		c.Shelf.Land(&Landing{Flight: k.flight, Claimed: true})
	}
}

// outcome is what rows say of the cache.
func (k *caching) outcome() string {
	switch {
	case !k.on:
		return ""
	case k.served:
		return cacheHit
	case k.bypass != "":
		return cacheBypass
	}
	return cacheMiss
}

var missed = []string{cacheMiss}

// writeHead says what the cache did.
func (k *caching) writeHead(h http.Header) {
	switch outcome := k.outcome(); outcome {
	case "":
	case cacheMiss:
		h["X-Cache"] = missed
	case cacheBypass:
		h["X-Cache"] = []string{outcome + "(" + k.bypass + ")"}
	default:
		h["X-Cache"] = []string{outcome}
		h["Age"] = []string{strconv.FormatInt(int64(k.age/time.Second), 10)}
	}
}
