package double

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// exchange is one request on its way.
type exchange struct {
	gateway  *Gateway
	state    *state
	w        http.ResponseWriter
	r        *http.Request // its headers are a copy that plugins change
	path     string        // normalized
	route    *route
	consumer *consumer
	address  string // of the client
	id       string
	began    time.Time

	chain  []link         // the plugins that apply, in the order in which they ran
	answer *answer        // what a plugin answers instead of the service
	kept   map[string]any // by plugins, between phases
	status int
	waited time.Duration // for the service's head
}

// link is one plugin of the chain.
type link struct {
	name   string
	plugin any
}

// answer is a whole answer of the gateway's own.
type answer struct {
	status  int
	kind    string
	body    string
	headers map[string]string
}

// The phases; a plugin has those that it needs.
type (
	accessor interface{ access(x *exchange) }
	header   interface {
		header(x *exchange, h http.Header)
	}
	logger interface{ log(x *exchange) }
)

// ServeHTTP implements http.Handler: match, access, proxy or answer, log.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := g.state.Load()
	x := &exchange{
		gateway: g, state: s, r: r.Clone(r.Context()), path: normalize(r.URL.EscapedPath()),
		address: hostOf(r.RemoteAddr), id: dcoder.NewID(), began: g.options.Now(), kept: map[string]any{},
	}
	x.w = &recorder{ResponseWriter: w, x: x}
	defer x.log()
	c := s.match(x.r, x.path)
	if c == nil {
		x.refuse(http.StatusNotFound, "no Route matched with those values")
		x.reply()
		return
	}
	x.route = c.route
	if !c.speaks(protocolOf(r)) {
		x.refuse(http.StatusUpgradeRequired, "Please use HTTPS protocol")
	}
	x.access()
	switch {
	case x.answer != nil:
		x.reply()
	case x.route.service == nil:
		x.refuse(http.StatusServiceUnavailable, "no Service found with those values")
		x.reply()
	default:
		x.proxy(c)
	}
}

func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

func protocolOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// access runs the plugins by priority. The consumer may become known on the way,
// and its plugins count from then on. After an answer the rest only join for the
// later phases.
func (x *exchange) access() {
	for _, name := range order {
		p := x.of(name)
		if p == nil {
			continue
		}
		x.chain = append(x.chain, link{name, p})
		if a, ok := p.(accessor); ok && x.answer == nil {
			a.access(x)
		}
	}
}

// of is the plugin of that name that applies: the most particular place wins.
func (x *exchange) of(name string) any {
	var places []plugins
	if x.consumer != nil {
		places = append(places, x.consumer.plugins)
	}
	places = append(places, x.route.plugins)
	if x.route.service != nil {
		places = append(places, x.route.service.plugins)
	}
	for _, of := range append(places, x.state.global) {
		if p := of[name]; p != nil {
			return p
		}
	}
	return nil
}

// refuse answers in the shape of Kong's own errors.
func (x *exchange) refuse(status int, message string) {
	body, _ := json.Marshal(map[string]string{"message": message, "request_id": x.id}) // plain text
	x.answer = &answer{status: status, kind: "application/json; charset=utf-8", body: string(body)}
}

func (x *exchange) reply() {
	h := x.w.Header()
	h.Set("Content-Type", x.answer.kind)
	for name, value := range x.answer.headers {
		h.Set(name, value)
	}
	x.headers(h)
	x.w.WriteHeader(x.answer.status)
	_, _ = x.w.Write([]byte(x.answer.body)) // the client may be gone
}

// headers runs the phase of the answer's head.
func (x *exchange) headers(h http.Header) {
	for _, l := range x.chain {
		if p, ok := l.plugin.(header); ok {
			p.header(x, h)
		}
	}
}

func (x *exchange) log() {
	x.gateway.stats.count(x)
	for _, l := range x.chain {
		if p, ok := l.plugin.(logger); ok {
			p.log(x)
		}
	}
}

// gone reports whether the client hung up.
func (x *exchange) gone() bool { return context.Cause(x.r.Context()) != nil }

// recorder notes the status.
type recorder struct {
	http.ResponseWriter
	x *exchange
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if status >= 200 {
		w.x.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
