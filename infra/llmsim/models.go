package llmsim

import "net/http"

var (
	groqFamilies   = []string{"llama-", "meta-llama/", "openai/", "moonshotai/", "qwen/"}
	openaiFamilies = []string{"gpt-", "o3", "o4", "babbage", "davinci", "text-embedding-3", "text-embedding-ada"}
)

type modelCard struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func card(id, owner string) modelCard {
	return modelCard{ID: id, Object: "model", Created: started.Unix(), OwnedBy: owner}
}

// serveModels tells Anthropic's callers, who ask at the same path of another
// host, by the version header that they must send.
func (s *Server) serveModels(d *dialect) http.HandlerFunc {
	own, claudes := s.serve(d, readModels), s.serve(anthropicDialect, readClaudeModels)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Anthropic-Version") != "" {
			claudes(w, r)
			return
		}
		own(w, r)
	}
}

// readModels answers the list and the single model of OpenAI and Groq.
func readModels(x *exchange) (*asked, *problem) {
	families := openaiFamilies
	if x.d == groqDialect {
		families = groqFamilies
	}
	names := append(x.s.models.family(families...), x.s.cfg.Models...)
	id := x.r.PathValue("id")
	if id != "" && !x.s.models.has(id) {
		return nil, noSuchModel(id)
	}
	var body []byte
	if id != "" {
		body = mustJSON(card(id, x.d.name))
	} else {
		list := struct {
			Object string      `json:"object"`
			Data   []modelCard `json:"data"`
		}{Object: "list"}
		for _, n := range names {
			list.Data = append(list.Data, card(n, x.d.name))
		}
		body = mustJSON(list)
	}
	return answerPlainly(body), nil
}

// answerPlainly is an answer without tokens and without a model.
func answerPlainly(body []byte) *asked {
	return &asked{model: anyModel, write: func(*Fault) (*script, *problem) {
		return &script{frames: []frame{{data: body}}}, nil
	}}
}

// anyModel stands where a route has no model.
const anyModel = ""

// unrouted answers a path that no vendor has.
func unrouted(w http.ResponseWriter, r *http.Request) {
	p := &problem{status: http.StatusNotFound, code: "unknown_url", message: "Invalid URL (" + r.Method + " " + clip(r.URL.Path, 200) + ")"}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_, _ = w.Write(openaiError(p)) // a client that is gone needs no error
}
