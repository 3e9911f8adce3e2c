package function

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
)

// addHouseRoutes adds what every function has: health, its OpenAPI document, the
// event door, and an answer in the right envelope for all else.
func (h *Host) addHouseRoutes() {
	h.mux.HandleFunc("GET /health/live", h.live)
	h.mux.HandleFunc("GET /health/ready", h.ready)
	h.mux.HandleFunc("GET /health", h.health)
	if h.wiring.Metrics != nil {
		h.mux.HandleFunc("GET /metrics", h.metrics)
	}
	h.mount("openapi", Route{Method: http.MethodGet, Path: "/openapi.json", Access: AccessPublic}, h.openAPI)
	if h.hears() {
		h.mount("events", Route{Method: http.MethodPost, Path: "/{$}", Access: AccessInternal, MaxBody: mostDelivery}, h.receive)
	}
	h.mux.Handle("/", h.unknown())
}

func (h *Host) hears() bool {
	return slices.ContainsFunc(h.funcs, func(f Func) bool { return len(f.Events) > 0 })
}

// Health routes stand before the chain: they answer when all slots are taken.
func (h *Host) live(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "live"})
}

func (h *Host) ready(w http.ResponseWriter, _ *http.Request) {
	if !h.wiring.Status().Ready {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "draining"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

func (h *Host) health(w http.ResponseWriter, _ *http.Request) {
	s := h.wiring.Status()
	status := "ready"
	if !s.Ready {
		status = "draining"
	}
	names := make([]string, len(h.funcs))
	for i, f := range h.funcs {
		names[i] = f.Name
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"status": status, "functions": names, "version": s.Version, "inFlight": s.InFlight,
		"started": s.Started.UTC().Format(time.RFC3339),
	})
}

// metrics is cluster-local as health is: no gateway routes it.
func (h *Host) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", metric.TextType)
	w.Header().Set("Cache-Control", "no-store")
	_ = h.wiring.Metrics(w) // the scraper may be gone
}

func (h *Host) openAPI(x *exchange, _ *http.Request) error {
	raw, err := h.document()
	if err != nil {
		return err
	}
	x.Header().Set("Content-Type", "application/json")
	_, err = x.Write(raw)
	return err
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the prober may be gone
}

// unknown answers 404 and 405.
func (h *Host) unknown() *endpoint {
	return &endpoint{host: h, function: "unknown", route: Route{Path: "/", Access: AccessPublic, MaxBody: bodyUnread}, serve: func(x *exchange, r *http.Request) error {
		x.errors = h.envelopeOf(r)
		allowed, envelope := h.methodsOf(r)
		if len(allowed) == 0 {
			return &dcoder.Error{Status: http.StatusNotFound, Code: "unknown_route", Message: "no such route; /openapi.json lists them"}
		}
		x.errors = envelope
		x.Header().Set("Allow", strings.Join(allowed, ", "))
		return &dcoder.Error{
			Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
			Message: "this route knows " + strings.Join(allowed, ", "),
		}
	}}
}

// methodsOf lists the methods that the path does know, and their envelope.
func (h *Host) methodsOf(r *http.Request) (methods []string, envelope Envelope) {
	if !isClean(r.URL.Path) {
		return nil, 0
	}
	for _, method := range []string{"DELETE", "GET", "PATCH", "POST", "PUT"} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		handler, pattern := h.mux.Handler(probe)
		if pattern == "" || pattern == "/" {
			continue
		}
		methods = append(methods, method)
		if e, ok := handler.(*endpoint); ok {
			envelope = e.route.Errors
		}
	}
	return methods, envelope
}

// envelopeOf guesses whose client asks for a route that is not there: by what
// only one vendor's SDK sends, or by the envelope that all routes here have.
func (h *Host) envelopeOf(r *http.Request) Envelope {
	if r.Header.Get("Anthropic-Version") != "" {
		return EnvelopeAnthropic
	}
	var routes []Route
	for _, f := range h.funcs {
		routes = append(routes, f.Routes...)
	}
	openAI := slices.ContainsFunc(routes, func(r Route) bool { return r.Errors == EnvelopeOpenAI })
	ours := slices.ContainsFunc(routes, func(r Route) bool { return r.Errors == EnvelopeDcoder })
	if openAI && !ours {
		return EnvelopeOpenAI
	}
	return EnvelopeDcoder
}
