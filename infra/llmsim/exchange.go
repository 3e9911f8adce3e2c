package llmsim

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// exchange is one request and its answer.
type exchange struct {
	s     *Server
	d     *dialect
	w     http.ResponseWriter
	r     *http.Request
	key   string
	id    string // the provider's own request id
	body  []byte
	fault Fault // the zero Kind: none
	e     *entry
}

// asked is what a dialect made of a body: enough to look for faults, and a way
// to write the answer.
type asked struct {
	model   string
	shelved bool // an instant answer that is already written
	write   func(f *Fault) (*script, *problem)
}

// outcome is how an exchange ended.
type outcome struct {
	state  State
	status int
	sever  bool // the connection must be closed under the client's hands
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// serve wraps a dialect's reading of a request: credentials, size, faults,
// books, errors in the vendor's shape.
func (s *Server) serve(d *dialect, read func(x *exchange) (*asked, *problem)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		buf := bodies.Get().(*bytes.Buffer)
		buf.Reset()
		defer bodies.Put(buf)
		x := &exchange{s: s, d: d, w: w, r: r, key: d.credential(r), id: token(24)}
		d.headers(w.Header(), x.id)
		q, p := x.read(buf, read)
		x.conclude(q, p)
	}
}

func (x *exchange) read(buf *bytes.Buffer, read func(*exchange) (*asked, *problem)) (*asked, *problem) {
	_, err := buf.ReadFrom(http.MaxBytesReader(x.w, x.r.Body, x.s.cfg.MaxBody))
	x.body = buf.Bytes()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &problem{status: http.StatusRequestEntityTooLarge, code: "request_too_large", message: "The request exceeds the maximum size."}
	case err != nil && !errors.Is(err, io.EOF):
		return nil, badField("", "The body could not be read.")
	case x.key == "" || x.s.refused(x.key):
		return nil, x.d.unknownKey(x.key)
	}
	if q := x.shelved(); q != nil {
		return q, nil
	}
	return read(x)
}

// conclude answers and keeps the books. A severed connection is net/http's
// ErrAbortHandler: the books are closed before it.
func (x *exchange) conclude(q *asked, p *problem) {
	model := ""
	if q != nil {
		model = q.model
	}
	x.e = x.s.books.open(Seen{
		RequestID: forwardedID(x.r), Credential: Fingerprint(x.key), Dialect: x.d.name, Model: model, Path: x.r.URL.Path,
	})
	o := outcome{state: StateBroken}
	defer func() { x.s.books.close(x.e, o.state, o.status) }()
	o = x.act(q, p)
	if o.sever {
		panic(http.ErrAbortHandler)
	}
}

func (x *exchange) act(q *asked, p *problem) outcome {
	var sc *script
	if p == nil {
		sc, p = x.script(q)
	}
	f := newFlow(x)
	if p != nil {
		return f.refuse(p)
	}
	x.s.books.answering(x.e, sc)
	return f.play(sc)
}

// script looks for a fault that is due, then writes the answer.
func (x *exchange) script(q *asked) (*script, *problem) {
	magic, instant := parseMagic(q.model)
	if f := x.s.faults.take(q.model, x.key, x.r.URL.Path); f != nil {
		x.fault = *f
	} else if magic != nil {
		x.fault = *magic
	}
	if x.fault.Kind == KindStatus {
		return nil, faultProblem(&x.fault)
	}
	if q.model != anyModel && !x.s.models.has(q.model) {
		return nil, x.d.noModel(q.model)
	}
	sc, p := q.write(&x.fault)
	if p != nil || q.shelved {
		return sc, p
	}
	sc.settle()
	if instant || x.s.cfg.Instant {
		x.shelve(q.model, sc)
	}
	return sc, nil
}

// fail answers a problem in the vendor's shape.
func (x *exchange) fail(p *problem) {
	h := x.w.Header()
	h.Set("Content-Type", "application/json")
	retryAfterHeader(h, p.retryAfter)
	x.w.WriteHeader(p.status)
	_, _ = x.w.Write(x.d.errorBody(p, x.id)) // a client that is gone needs no error
}

// forwardedID is the caller's own id of the request.
func forwardedID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" {
		return id
	}
	return r.Header.Get("X-Client-Request-Id")
}

// now is the Unix time that answers carry.
func now() int64 { return time.Now().Unix() }
