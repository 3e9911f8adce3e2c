package chat

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// headerAnthropic is what every client of Anthropic's sends; a list of models is
// then answered in its shape.
const headerAnthropic = "Anthropic-Version"

// MessagesModel is Anthropic's description of a model.
type MessagesModel struct {
	ID          string `json:"id"`
	Type        string `json:"type"` // "model"
	DisplayName string `json:"display_name"`
	CreatedAt   string `json:"created_at"` // RFC 3339
}

// MessagesModels is Anthropic's page of models.
type MessagesModels struct {
	Data    []MessagesModel `json:"data"`
	HasMore bool            `json:"has_more"`
	FirstID *string         `json:"first_id"`
	LastID  *string         `json:"last_id"`
}

// unknownRelease is what Anthropic's API says of a model whose release date it
// does not know.
const unknownRelease = "1970-01-01T00:00:00Z"

func messagesModel(o llm.Offer) MessagesModel {
	return MessagesModel{ID: o.Name, Type: "model", DisplayName: o.Name, CreatedAt: unknownRelease}
}

// mostModelsPage is the largest page of Anthropic's API. It is the page of who asks
// for none, too: programs that show one page only shall show every model.
const mostModelsPage = 1000

// messagesModels answers with the page that was asked for by limit and after_id
// or before_id.
func messagesModels(w http.ResponseWriter, offers []llm.Offer, query url.Values) error {
	limit := mostModelsPage
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostModelsPage {
			return dcoder.Invalid("limit", "limit must be a number from 1 to 1000")
		}
		limit = n
	}
	from, to := 0, len(offers)
	if id := query.Get("after_id"); id != "" {
		from = place(offers, id) + 1
	}
	if id := query.Get("before_id"); id != "" {
		if to = place(offers, id); to < 0 {
			to = len(offers)
		}
		from = max(from, to-limit)
	}
	page := offers[min(from, to):to]
	out := MessagesModels{Data: []MessagesModel{}, HasMore: len(page) > limit || query.Has("before_id") && from > 0}
	for _, o := range page[:min(limit, len(page))] {
		out.Data = append(out.Data, messagesModel(o))
	}
	if n := len(out.Data); n > 0 {
		out.FirstID, out.LastID = &out.Data[0].ID, &out.Data[n-1].ID
	}
	return writeJSON(w, out)
}

func place(offers []llm.Offer, id string) int {
	return slices.IndexFunc(offers, func(o llm.Offer) bool { return o.Name == id })
}
