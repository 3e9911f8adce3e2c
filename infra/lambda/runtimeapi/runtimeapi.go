// Package runtimeapi is AWS Lambda's Runtime API as a compiled bootstrap meets it:
// invocations to fetch, answers that arrive chunk by chunk, errors, and the
// registration of an extension. It runs a program one invocation at a time, as one
// execution environment does, and freezes nothing.
//
// Sources: AWS Lambda developer guide, "Using the Lambda runtime API" and "Lambda
// Extensions API"; trailers as aws-lambda-go v1.55 writes them.
package runtimeapi

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Server is the Runtime API of one execution environment. Build it with New.
type Server struct {
	mux     *http.ServeMux
	waiting chan *invocation
	ready   chan struct{} // closed at the first fetch
	once    sync.Once
	refused chan string // what the program said instead of starting

	mu      sync.Mutex
	running map[string]*invocation
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	answer   chan *Answer
}

// Answer is what a program posted. Body must be read to its end, or closed.
type Answer struct {
	ContentType string
	Body        io.ReadCloser
	Failed      bool // posted as an error

	request *http.Request
	done    chan struct{}
	once    *sync.Once
}

// New returns a server whose handler is its ServeHTTP.
func New() *Server {
	s := &Server{
		mux: http.NewServeMux(), waiting: make(chan *invocation), ready: make(chan struct{}), refused: make(chan string, 1),
		running: map[string]*invocation{},
	}
	s.mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", s.next)
	s.mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) { s.take(w, r, false) })
	s.mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) { s.take(w, r, true) })
	s.mux.HandleFunc("POST /2018-06-01/runtime/init/error", s.refuse)
	s.mux.HandleFunc("POST /2020-01-01/extension/register", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Lambda-Extension-Identifier", dcoder.NewID())
	})
	s.mux.HandleFunc("GET /2020-01-01/extension/event/next", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Ready is closed when the program has fetched for the first time: its cold start
// is over.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Refused yields what a program posted to init/error.
func (s *Server) Refused() <-chan string { return s.refused }

// Invoke hands one invocation to the program and returns when it began to answer.
func (s *Server) Invoke(ctx context.Context, payload []byte, limit time.Duration) (*Answer, error) {
	i := &invocation{id: dcoder.NewID(), payload: payload, deadline: time.Now().Add(limit), answer: make(chan *Answer, 1)}
	select {
	case s.waiting <- i:
	case <-ctx.Done():
		return nil, fmt.Errorf("no program fetched the invocation: %w", ctx.Err())
	}
	select {
	case a := <-i.answer:
		return a, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("the program did not answer: %w", ctx.Err())
	}
}

func (s *Server) next(w http.ResponseWriter, r *http.Request) {
	s.once.Do(func() { close(s.ready) })
	var i *invocation
	select {
	case i = <-s.waiting:
	case <-r.Context().Done():
		return
	}
	s.mu.Lock()
	s.running[i.id] = i
	s.mu.Unlock()
	h := w.Header()
	h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:test")
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
	_, _ = w.Write(i.payload)
}

// take receives an answer and returns, as Lambda does, when it was read to its end.
func (s *Server) take(w http.ResponseWriter, r *http.Request, failed bool) {
	s.mu.Lock()
	i := s.running[r.PathValue("id")]
	delete(s.running, r.PathValue("id"))
	s.mu.Unlock()
	if i == nil {
		http.Error(w, "no such invocation", http.StatusForbidden)
		return
	}
	a := &Answer{ContentType: r.Header.Get("Content-Type"), Failed: failed, request: r, done: make(chan struct{}), once: &sync.Once{}}
	a.Body = body{r.Body, a}
	i.answer <- a
	<-a.done
	w.WriteHeader(http.StatusAccepted)
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	select {
	case s.refused <- string(raw):
	default:
	}
	w.WriteHeader(http.StatusAccepted)
}

// body tells the server when its reader has had enough.
type body struct {
	io.Reader
	answer *Answer
}

// Read implements io.Reader.
func (b body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil {
		_ = b.Close()
	}
	return n, err
}

// Close implements io.Closer.
func (b body) Close() error {
	b.answer.once.Do(func() { close(b.answer.done) })
	return nil
}

// Broken returns what the trailers say after the body's end, nil for a whole answer.
func (a *Answer) Broken() error {
	kind := a.request.Trailer.Get("Lambda-Runtime-Function-Error-Type")
	if kind == "" {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(a.request.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
	return errors.Join(fmt.Errorf("%s: %s", kind, raw), err)
}

// IsStream reports whether the answer carries HTTP's head before its body.
func (a *Answer) IsStream() bool {
	return strings.HasPrefix(a.ContentType, "application/vnd.awslambda.http-integration-response")
}
