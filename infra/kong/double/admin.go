package double

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
)

// Admin is the part of Kong's admin API that this project uses. It belongs on an
// address of its own: whoever reaches it is master of the gateway.
func (g *Gateway) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", g.getStatus)
	mux.HandleFunc("POST /config", g.postConfig)
	mux.HandleFunc("GET /consumers", g.getConsumers)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		_ = g.stats.write(w) // the scraper may be gone
	})
	return mux
}

func (g *Gateway) getStatus(w http.ResponseWriter, _ *http.Request) {
	tellJSON(w, http.StatusOK, map[string]any{"configuration_hash": g.state.Load().hash, "database": map[string]bool{"reachable": true}})
}

const mostConfig = 64 << 20

// postConfig takes a whole configuration: as the body itself, or as text in the
// field "config" of a JSON object.
func (g *Gateway) postConfig(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostConfig))
	if err != nil {
		tellJSON(w, http.StatusRequestEntityTooLarge, map[string]string{"message": "the configuration is too large"})
		return
	}
	var wrapped struct {
		Config string `json:"config"`
	}
	if json.Unmarshal(raw, &wrapped) == nil && wrapped.Config != "" {
		raw = []byte(wrapped.Config)
	}
	c, err := declarative.Load(raw)
	if err == nil && r.URL.Query().Get("check_hash") == "1" && hashOf(c) == g.state.Load().hash {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if err == nil {
		err = g.Apply(c)
	}
	if err != nil {
		tellJSON(w, http.StatusBadRequest, map[string]any{"code": 14, "name": "invalid declarative configuration", "message": err.Error()})
		return
	}
	tellJSON(w, http.StatusCreated, c)
}

func (g *Gateway) getConsumers(w http.ResponseWriter, _ *http.Request) {
	type item struct {
		Username string `json:"username"`
	}
	items := []item{}
	if c := g.state.Load().config; c != nil {
		for _, one := range c.Consumers {
			items = append(items, item{one.Username})
		}
	}
	tellJSON(w, http.StatusOK, map[string]any{"data": items, "next": nil})
}

func tellJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}
