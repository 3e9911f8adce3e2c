package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// response gives a kept answer back.
func (c *chat) response(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Get("stream") == "true" {
		return dcoder.Invalid("stream", "kept answers are not streamed; ask without stream")
	}
	s, err := c.find(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.Response) // the client may be gone
	return nil
}

func (c *chat) find(r *http.Request) (*dcoder.StoredResponse, error) {
	p, id := dcoder.PrincipalOf(r.Context()), r.PathValue("id")
	if c.Responses == nil {
		return nil, noResponse(id)
	}
	s, err := c.Responses.Find(r.Context(), p.Tenant, owner(p), id)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, noResponse(id)
	}
	return s, nil
}

// noResponse is one answer for all that is not the caller's to see.
func noResponse(id string) error {
	e := dcoder.NotFound("response", llm.Shorten(id))
	e.Field, e.NoRetry = "response_id", true
	return e
}

// forget deletes a kept answer.
func (c *chat) forget(w http.ResponseWriter, r *http.Request) error {
	p, id := dcoder.PrincipalOf(r.Context()), r.PathValue("id")
	if c.Responses == nil {
		return noResponse(id)
	}
	found, err := c.Responses.Forget(r.Context(), p.Tenant, owner(p), id)
	if err != nil {
		return err
	}
	if !found {
		return noResponse(id)
	}
	return writeJSON(w, DeletedResponse{ID: id, Object: "response", Deleted: true})
}

// inputItems lists what an answer was made from: all that it continues, and what
// came with the call itself.
func (c *chat) inputItems(w http.ResponseWriter, r *http.Request) error {
	p, id := dcoder.PrincipalOf(r.Context()), r.PathValue("id")
	if c.Responses == nil {
		return noResponse(id)
	}
	page, err := readPage(r)
	if err != nil {
		return err
	}
	chain, err := c.Responses.Chain(r.Context(), p.Tenant, owner(p), id, maxBody)
	if err != nil {
		return err
	}
	if len(chain) == 0 {
		return noResponse(id)
	}
	var items []json.RawMessage
	for i := range chain {
		s := &chain[i]
		var own []json.RawMessage
		_ = json.Unmarshal(s.Input, &own) // our own list
		items = append(items, named(own, s.ID)...)
		if i+1 < len(chain) {
			items = append(items, outputOf(s.Response)...)
		}
	}
	out, err := page.cut(items)
	if err != nil {
		return err
	}
	return writeJSON(w, out)
}

// named gives items their type and an id where the client gave none: the same
// ones each time.
func named(items []json.RawMessage, response string) []json.RawMessage {
	for i, raw := range items {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil || fields == nil {
			continue
		}
		if fields["type"] == nil {
			fields["type"] = json.RawMessage(`"message"`)
		}
		if fields["id"] == nil {
			sum := sha256.Sum256([]byte(response + "/" + strconv.Itoa(i)))
			fields["id"] = json.RawMessage(`"` + prefixOf(headOf(raw).Type) + hex.EncodeToString(sum[:16]) + `"`)
		}
		if out, err := json.Marshal(fields); err == nil {
			items[i] = out
		}
	}
	return items
}

func prefixOf(kind string) string {
	switch kind {
	case "function_call":
		return "fc_"
	case "function_call_output":
		return "fco_"
	case "reasoning":
		return "rs_"
	}
	return "msg_"
}

// page is which items a client wants.
type page struct {
	limit int
	asc   bool
	after string
}

func readPage(r *http.Request) (p page, err error) {
	q := r.URL.Query()
	p.limit, p.after = 20, q.Get("after")
	if s := q.Get("limit"); s != "" {
		if p.limit, err = strconv.Atoi(s); err != nil || p.limit < 1 || p.limit > 100 {
			return p, dcoder.Invalid("limit", "limit must be a whole number from 1 to 100")
		}
	}
	switch order := q.Get("order"); order {
	case "asc":
		p.asc = true
	case "", "desc":
	default:
		return p, dcoder.Invalid("order", "order must be asc or desc")
	}
	return p, nil
}

// cut returns the page of items, which stand oldest first.
func (p page) cut(items []json.RawMessage) (out ItemList, err error) {
	if !p.asc {
		slices.Reverse(items)
	}
	if p.after != "" {
		at := slices.IndexFunc(items, func(raw json.RawMessage) bool { return headOf(raw).ID == p.after })
		if at < 0 {
			return out, dcoder.Invalid("after", "after names no item of this answer")
		}
		items = items[at+1:]
	}
	out = ItemList{Object: "list", Data: items[:min(p.limit, len(items))], HasMore: len(items) > p.limit}
	if out.Data == nil {
		out.Data = []json.RawMessage{}
	}
	if n := len(out.Data); n > 0 {
		out.FirstID, out.LastID = headOf(out.Data[0]).ID, headOf(out.Data[n-1]).ID
	}
	return out, nil
}
