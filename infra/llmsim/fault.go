package llmsim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Kind is a way to fail.
type Kind string

// The ways to fail. Where After counts, it counts events of a stream; a plain
// answer is one event.
const (
	KindSlow       Kind = "slow"        // only the latency of the fault
	KindStatus     Kind = "status"      // an error of the vendor's shape: Status, RetryAfter, Message
	KindCut        Kind = "cut"         // the connection is closed after After events; 0: before the headers
	KindSilence    Kind = "silence"     // after After events nothing for For (0: until the client goes), then on; 0: before the headers
	KindStall      Kind = "stall"       // the headers of a stream at once, then silence as above
	KindGarbage    Kind = "garbage"     // Garbage instead of an answer
	KindErrorEvent Kind = "error_event" // a 200 stream with an error frame after After events
)

// Fault is a behaviour for the requests that it matches.
type Fault struct {
	Model string `json:"model,omitempty"` // exact model name; "" matches any
	Key   string `json:"key,omitempty"`   // exact credential; "" matches any
	Path  string `json:"path,omitempty"`  // part of the path; "" matches any
	Skip  int    `json:"skip,omitempty"`  // so many matching requests pass first
	Count int    `json:"count,omitempty"` // so many fail; 0: all until reset

	Kind       Kind     `json:"kind"`
	Latency    Latency  `json:"latency,omitzero"`
	Status     int      `json:"status,omitempty"`      // of KindStatus and KindErrorEvent
	Message    string   `json:"message,omitempty"`     //
	RetryAfter Duration `json:"retry_after,omitempty"` // header, rounded up to seconds
	After      int      `json:"after,omitempty"`
	For        Duration `json:"for,omitempty"`
	Garbage    string   `json:"garbage,omitempty"` // "json" (default), "html", "sse", "empty", "text"
	Tokens     int      `json:"tokens,omitempty"`  // length of the answer, 0: as it comes
}

var kinds = []Kind{KindSlow, KindStatus, KindCut, KindSilence, KindStall, KindGarbage, KindErrorEvent}

var garbageStyles = []string{"", "json", "html", "sse", "empty", "text"}

// check says what is wrong with a fault, naming the field.
func (f *Fault) check() error {
	switch {
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("kind: %q is none of %v", f.Kind, kinds)
	case f.Kind == KindStatus && http.StatusText(f.Status) == "" && f.Status != 529 && f.Status != 498:
		return fmt.Errorf("status: %d is no HTTP status", f.Status)
	case f.Kind == KindStatus && f.Status < 400:
		return errors.New("status: an error is 400 or above")
	case f.After < 0 || f.Count < 0 || f.Skip < 0 || f.Tokens < 0:
		return errors.New("after, count, skip and tokens are not negative")
	case !slices.Contains(garbageStyles, f.Garbage):
		return fmt.Errorf("garbage: %q is none of %v", f.Garbage, garbageStyles[1:])
	}
	return nil
}

func (f *Fault) matches(model, key, path string) bool {
	return (f.Model == "" || f.Model == model) && (f.Key == "" || f.Key == key) && strings.Contains(path, f.Path)
}

type faultList struct {
	mu  sync.Mutex
	all []*liveFault
}

type liveFault struct {
	Fault
	seen, done int
}

func (l *faultList) add(f Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, &liveFault{Fault: f})
}

func (l *faultList) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = nil
}

// take returns the first fault that is due for the request, and counts it.
func (l *faultList) take(model, key, path string) *Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.all {
		if !f.matches(model, key, path) || f.Count > 0 && f.done >= f.Count {
			continue
		}
		if f.seen++; f.seen <= f.Skip {
			continue
		}
		f.done++
		taken := f.Fault
		return &taken
	}
	return nil
}

// Inject adds a fault; earlier ones are asked first.
func (s *Server) Inject(f Fault) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	s.faults.add(f)
	return nil
}
