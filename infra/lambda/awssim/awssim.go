// Package awssim answers for the few calls of SQS, EventBridge and Secrets Manager
// that the platform makes, on one address: the official SDK drives it in tests. It
// keeps queues with receive counts and redrive, rules from a bus to queues, and
// secrets; it can refuse calls, entries and unsigned requests. It is no emulator of
// anything else.
//
// Sources: Amazon SQS API reference (JSON protocol 1.0), Amazon EventBridge API
// reference (PutEvents), AWS Secrets Manager API reference (GetSecretValue).
package awssim

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Server is the simulator. Its zero value is ready; set the fields before it serves.
type Server struct {
	Secrets map[string]string              // by id
	Rules   map[string][]string            // queues by detail-type
	Refuse  func(target, body string) bool // refuses an entry of a batch; nil: none
	Most    int                            // largest entry in bytes; 0: 256 KiB

	mu     sync.Mutex
	queues map[string]*queue
	down   int
	calls  map[string]int
}

// Message is one message of a queue.
type Message struct {
	ID         string
	Body       string
	Attributes map[string]string
	Received   int
}

type queue struct{ messages []Message }

// Fail lets the next n calls fail with a 503.
func (s *Server) Fail(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = n
}

// Calls returns how often a target was called, by "AmazonSQS.SendMessageBatch" ...
func (s *Server) Calls(target string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[target]
}

// Queue returns what a queue holds.
func (s *Server) Queue(name string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.queue(name).messages...)
}

func (s *Server) queue(name string) *queue {
	if s.queues == nil {
		s.queues = map[string]*queue{}
	}
	if s.queues[name] == nil {
		s.queues[name] = &queue{}
	}
	return s.queues[name]
}

// Take lends up to most messages: they leave the queue and count as received.
func (s *Server) Take(name string, most int) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue(name)
	n := min(most, len(q.messages))
	out := append([]Message(nil), q.messages[:n]...)
	q.messages = append([]Message(nil), q.messages[n:]...)
	for i := range out {
		out[i].Received++
	}
	return out
}

// Return gives a lent message back to a queue.
func (s *Server) Return(name string, m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue(name)
	q.messages = append(q.messages, m)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	target := r.Header.Get("X-Amz-Target")
	switch {
	case err != nil || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "):
		fault(w, http.StatusForbidden, "InvalidSignatureException")
		return
	case !s.up(target):
		fault(w, http.StatusServiceUnavailable, "ServiceUnavailable")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch target {
	case "AmazonSQS.SendMessage":
		s.send(w, raw)
	case "AmazonSQS.SendMessageBatch":
		s.sendBatch(w, raw)
	case "AWSEvents.PutEvents":
		s.put(w, raw)
	case "secretsmanager.GetSecretValue":
		s.secret(w, raw)
	default:
		fault(w, http.StatusBadRequest, "UnknownOperationException")
	}
}

func (s *Server) up(target string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[target]++
	if s.down == 0 {
		return true
	}
	s.down--
	return false
}

func (s *Server) most() int {
	if s.Most > 0 {
		return s.Most
	}
	return 256 << 10
}

func nameOf(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func sum(body string) string {
	h := md5.Sum([]byte(body))
	return hex.EncodeToString(h[:])
}

func (s *Server) add(name, body string, attributes map[string]string) Message {
	m := Message{ID: dcoder.NewID(), Body: body, Attributes: attributes}
	q := s.queue(name)
	q.messages = append(q.messages, m)
	return m
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(v)
}

func fault(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws#" + kind, "message": kind})
}
