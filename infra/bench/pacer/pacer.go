// Package pacer is a provider that writes its streams at a pace and says in each event when it wrote it, so that a
// client can tell what stood between them; and that remembers when a client hung up. It speaks OpenAI's chat
// completions and Anthropic's messages, as far as a benchmark of the way through needs them. For a provider that
// answers as fast as it can see upstream, for one with manners and faults infra/llmsim.
package pacer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// Events is how many pieces of content a stream has.
	Events = 20
	// Pace is the time between two of them.
	Pace = 20 * time.Millisecond
	// HangUp in a prompt, followed by a number, asks for a stream that lasts until its client is gone.
	HangUp = "hang-up-"
	// PathGone answers when the client of ?n= hung up, in nanoseconds since 1970, or 404.
	PathGone = "/gone"
)

const mostBody = 1 << 20

// Serve answers on l until it is closed.
func Serve(l net.Listener) error {
	p := &pacer{gone: map[string]int64{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+PathGone, p.when)
	mux.HandleFunc("POST /v1/chat/completions", p.answer(chat))
	mux.HandleFunc("POST /v1/messages", p.answer(messages))
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	if err := s.Serve(l); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serve the pacer: %w", err)
	}
	return nil
}

type pacer struct {
	mu   sync.Mutex
	gone map[string]int64
}

// answer speaks one protocol.
func (p *pacer) answer(s shape) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
		if err != nil {
			return
		}
		if !bytes.Contains(body, []byte(`"stream":true`)) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, s.whole)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		if n, ok := hangUp(body); ok {
			p.untilGone(w, r, s, n)
			return
		}
		paced(w, r, s)
	}
}

// paced writes a whole stream.
func paced(w http.ResponseWriter, r *http.Request, s shape) {
	out := http.NewResponseController(w)
	tick := time.NewTicker(Pace)
	defer tick.Stop()
	_, _ = io.WriteString(w, s.head)
	for i := range Events {
		if _, err := io.WriteString(w, s.piece(stamp())); err != nil || out.Flush() != nil {
			return
		}
		if i == Events-1 {
			break
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
	_, _ = io.WriteString(w, s.end)
}

// untilGone writes an event every Pace until the client is gone, and notes when that was seen.
func (p *pacer) untilGone(w http.ResponseWriter, r *http.Request, s shape, n string) {
	out := http.NewResponseController(w)
	tick := time.NewTicker(Pace)
	defer tick.Stop()
	_, _ = io.WriteString(w, s.head)
	for {
		_, _ = io.WriteString(w, s.piece(stamp()))
		_ = out.Flush()
		select {
		case <-tick.C:
		case <-r.Context().Done():
			at := time.Now().UnixNano()
			p.mu.Lock()
			p.gone[n] = at
			p.mu.Unlock()
			return
		}
	}
}

func (p *pacer) when(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	at, ok := p.gone[r.URL.Query().Get("n")]
	p.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = fmt.Fprint(w, at)
}

// hangUp finds the number behind the mark.
func hangUp(body []byte) (string, bool) {
	_, rest, ok := strings.Cut(string(body), HangUp)
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	return rest[:max(end, 0)], ok && end > 0
}

// stamp is the text of an event: "@", the time in nanoseconds since 1970, and a space.
func stamp() string { return "@" + strconv.FormatInt(time.Now().UnixNano(), 10) + " " }

// Stamp reads the time that an event carries; false when it carries none.
func Stamp(event []byte) (time.Time, bool) {
	_, rest, ok := bytes.Cut(event, []byte{'@'})
	end := bytes.IndexByte(rest, ' ')
	if !ok || end < 0 {
		return time.Time{}, false
	}
	ns, err := strconv.ParseInt(string(rest[:end]), 10, 64)
	return time.Unix(0, ns), err == nil
}
