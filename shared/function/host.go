package function

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Host serves functions over HTTP: every route, the event door, health and
// the OpenAPI document. Build it with NewHost.
type Host struct {
	wiring    Wiring
	funcs     []Func
	mux       *http.ServeMux
	endpoints []*endpoint
	api       huma.API
	document  func() ([]byte, error)
}

// endpoint is one route of one function as it is served.
type endpoint struct {
	host     *Host
	function string
	route    Route
	serve    work
}

// work is a route's work inside the chain.
type work = func(x *exchange, r *http.Request) error

// NewHost puts the functions behind one handler. It fails when two routes
// claim one pattern, and names the functions; it opens nothing.
func NewHost(w Wiring, funcs ...Func) (*Host, error) {
	if w.Log == nil {
		w.Log = slog.Default()
	}
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.Status == nil {
		w.Status = func() Status { return Status{Ready: true} }
	}
	h := &Host{wiring: w, funcs: funcs, mux: http.NewServeMux()}
	api, handlers, err := newAPI(funcs)
	if err != nil {
		return nil, err
	}
	h.api = api
	h.document = sync.OnceValues(func() ([]byte, error) { return document(api, funcs) })
	claimed := map[string]string{}
	for _, f := range funcs {
		for _, r := range f.Routes {
			if err := h.add(claimed, f.Name, r, handlers[r.pattern()]); err != nil {
				return nil, err
			}
		}
	}
	h.addHouseRoutes()
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !isClean(r.URL.Path) {
		h.unknown().ServeHTTP(w, r) // the mux would redirect, and a POST would lose its body
		return
	}
	h.mux.ServeHTTP(w, r)
}

func isClean(p string) bool {
	if !strings.Contains(p, "//") && !strings.Contains(p, "/.") {
		return strings.HasPrefix(p, "/") || p == "*"
	}
	return path.Clean(p) == strings.TrimSuffix(p, "/")
}

func (h *Host) add(claimed map[string]string, name string, r Route, typed work) (err error) {
	pattern := r.pattern()
	if other, taken := claimed[pattern]; taken {
		return fmt.Errorf("functions %s and %s both claim %q", other, name, pattern)
	}
	defer func() {
		if p := recover(); p != nil { // the mux panics on patterns that overlap
			err = fmt.Errorf("function %s: pattern %q overlaps another: %v", name, pattern, p)
		}
	}()
	if r.Access == AccessAllowed && h.wiring.Identifier == nil {
		return fmt.Errorf("function %s: %q needs an Identifier", name, pattern)
	}
	serve := typed
	if r.handle != nil {
		handle := r.handle
		serve = func(x *exchange, r *http.Request) error { return handle(x, r) }
	}
	h.mount(name, r, serve)
	claimed[pattern] = name
	return nil
}

func (h *Host) mount(name string, r Route, serve work) {
	e := &endpoint{host: h, function: name, route: r, serve: serve}
	h.endpoints = append(h.endpoints, e)
	h.mux.Handle(r.pattern(), e)
}

func (r Route) pattern() string { return cmp.Or(r.Method, http.MethodGet) + " " + r.Path }
