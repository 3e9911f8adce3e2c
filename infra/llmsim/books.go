package llmsim

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"
)

// State says how a request ended.
type State string

// The states of a request.
const (
	StateRunning   State = "running"
	StateCompleted State = "completed" // the whole answer was written
	StateRefused   State = "refused"   // an error was answered
	StateAborted   State = "aborted"   // the client went away
	StateBroken    State = "broken"    // a fault ended it
)

// Seen is one request as the simulator saw it.
type Seen struct {
	Seq        int64     `json:"seq"`         // from 1, in order of arrival
	RequestID  string    `json:"request_id"`  // X-Request-Id or X-Client-Request-Id as it arrived, else ResponseID
	ResponseID string    `json:"response_id"` // id of the answer, "" for an error
	Credential string    `json:"credential"`  // Fingerprint of the key
	Dialect    string    `json:"dialect"`
	Model      string    `json:"model"`
	Path       string    `json:"path"`
	Stream     bool      `json:"stream"`
	Status     int       `json:"status"`
	State      State     `json:"state"`
	Input      int       `json:"input_tokens"`
	Output     int       `json:"output_tokens"` // of the whole answer, as usage reports it
	Served     int       `json:"served_tokens"` // of Output, what was written to the socket
	Events     int       `json:"events"`        // written
	Started    time.Time `json:"started"`
	Ended      time.Time `json:"ended,omitzero"` // when the last byte was written, or the client's going was noticed
}

// Counter sums the requests of one credential, model and path.
type Counter struct {
	Credential string `json:"credential"`
	Model      string `json:"model"`
	Path       string `json:"path"`
	Requests   int64  `json:"requests"`
	Concurrent int64  `json:"concurrent"` // now
	Peak       int64  `json:"peak"`       // most at once
	Input      int64  `json:"input_tokens"`
	Served     int64  `json:"served_tokens"` // written to sockets
	Completed  int64  `json:"completed"`
	Refused    int64  `json:"refused"`
	Aborted    int64  `json:"aborted"`
	Broken     int64  `json:"broken"`
}

type counterKey struct{ credential, model, path string }

// books hold the counters and a ring of the last requests.
type books struct {
	mu       sync.Mutex
	seq      int64
	ring     []*entry
	counters map[counterKey]*Counter
}

// entry is a request under way: what changes with every event is atomic, the
// rest changes under the books' lock.
type entry struct {
	seen           Seen
	counter        *Counter
	served, events atomic.Int64
}

func newBooks(size int) *books {
	return &books{ring: make([]*entry, size), counters: map[counterKey]*Counter{}}
}

func (b *books) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.ring)
	b.counters = map[counterKey]*Counter{}
}

func (b *books) open(s Seen) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	s.Seq, s.State, s.Started = b.seq, StateRunning, time.Now()
	k := counterKey{s.Credential, s.Model, s.Path}
	c := b.counters[k]
	if c == nil {
		c = &Counter{Credential: s.Credential, Model: s.Model, Path: s.Path}
		b.counters[k] = c
	}
	c.Requests++
	c.Concurrent++
	c.Peak = max(c.Peak, c.Concurrent)
	e := &entry{seen: s, counter: c}
	b.ring[(s.Seq-1)%int64(len(b.ring))] = e
	return e
}

// answering notes what will be answered.
func (b *books) answering(e *entry, sc *script) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.seen.Input, e.seen.Output, e.seen.ResponseID, e.seen.Stream = sc.input, sc.output, sc.id, sc.stream
	if e.seen.RequestID == "" {
		e.seen.RequestID = sc.id
	}
	e.counter.Input += int64(sc.input)
}

func (b *books) close(e *entry, st State, status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.seen.State, e.seen.Status, e.seen.Ended = st, status, time.Now()
	c := e.counter
	c.Concurrent--
	c.Served += e.served.Load()
	switch st {
	case StateCompleted:
		c.Completed++
	case StateRefused:
		c.Refused++
	case StateAborted:
		c.Aborted++
	case StateBroken, StateRunning:
		c.Broken++
	}
}

// Counters returns a copy of all counters. Tokens of running requests count
// when they end.
func (s *Server) Counters() []Counter {
	s.books.mu.Lock()
	defer s.books.mu.Unlock()
	out := make([]Counter, 0, len(s.books.counters))
	for _, c := range s.books.counters {
		out = append(out, *c)
	}
	return out
}

// Requests returns the remembered requests after sequence number since, in
// order of arrival.
func (s *Server) Requests(since int64) []Seen {
	b := s.books
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Seen
	for q := max(since, b.seq-int64(len(b.ring))) + 1; q <= b.seq; q++ {
		e := b.ring[(q-1)%int64(len(b.ring))]
		if e == nil {
			continue
		}
		v := e.seen
		v.Served, v.Events = int(e.served.Load()), int(e.events.Load())
		out = append(out, v)
	}
	return out
}

// Fingerprint is how a credential is named in counters and the log: they never
// hold the credential.
func Fingerprint(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:6])
}
