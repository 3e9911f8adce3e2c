package chat

import (
	"encoding/json"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// models lists what the key may use: aliases, route names, models; in Anthropic's
// shape for its clients.
func (c *chat) models(w http.ResponseWriter, r *http.Request) error {
	offers, err := c.offered(r)
	if err != nil {
		return err
	}
	if r.Header.Get(headerAnthropic) != "" {
		return messagesModels(w, offers, r.URL.Query())
	}
	out := ModelList{Object: "list", Data: make([]Model, len(offers))}
	for i, o := range offers {
		out.Data[i] = Model{ID: o.Name, Object: "model", OwnedBy: o.Owner}
	}
	return writeJSON(w, out)
}

func (c *chat) model(w http.ResponseWriter, r *http.Request) error {
	offers, err := c.offered(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	for _, o := range offers {
		if o.Name == id && r.Header.Get(headerAnthropic) != "" {
			return writeJSON(w, messagesModel(o))
		}
		if o.Name == id {
			return writeJSON(w, Model{ID: o.Name, Object: "model", OwnedBy: o.Owner})
		}
	}
	e := dcoder.NotFound("model", llm.Shorten(id))
	e.Code, e.Field = "model_not_found", "model"
	return e
}

func (c *chat) offered(r *http.Request) ([]llm.Offer, error) {
	snap := auth.SnapshotOf(r.Context())
	if snap == nil {
		return nil, dcoder.Forbidden("key_required", "models are listed for a virtual key")
	}
	return llm.Offered(snap, c.speaks), nil
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}
