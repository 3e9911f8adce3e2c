package openai

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
)

// Rewrite is what a flavour wants of a chat request whose bytes would pass
// through.
type Rewrite struct {
	Member    string // to be put first into the body: `"name":value`
	Translate bool   // more must change than that
}

// translator builds the way for requests whose bytes cannot pass: into native, at
// the address of kind.
func (d *Dialect) translator(native canonical.Protocol, kind llm.Kind) *wire.Provider {
	return &wire.Provider{
		Native: native, Ability: d.flavour.Ability, Visible: visible,
		Request: func(ctx context.Context, req *llm.Request, c *llm.Candidate, body []byte, stream bool) (*http.Request, error) {
			at, err := d.places.find(c.Grant.BaseURL, kind)
			if err != nil {
				return nil, err
			}
			out := wire.NewRequest(ctx, req, at, body, stream)
			out.Header["Authorization"] = []string{"Bearer " + c.Grant.Secret}
			return out, nil
		},
	}
}

// native is the protocol of the provider's chat completions.
func (f *Flavour) native() canonical.Protocol {
	if f.Native != nil {
		return f.Native
	}
	return chat.Protocol
}

// way says how a request goes out: nil is as the bytes that the client sent, with
// rewrite put in.
func (d *Dialect) way(req *llm.Request, c *llm.Candidate) (translate *wire.Provider, rewrite Rewrite, err error) {
	switch req.Kind {
	case llm.Embedding:
		if d.flavour.NoEmbeddings {
			err = refuseEmbedding(c)
		}
		return nil, rewrite, err
	case llm.Message:
		return d.toChat, rewrite, nil
	case llm.Response:
		if !d.flavour.Responses || d.lacking.has(c.Grant.BaseURL) {
			return d.toChat, rewrite, nil
		}
		if packed(req) {
			return d.toResponses, rewrite, nil
		}
		return nil, rewrite, nil
	case llm.Chat:
		if d.flavour.Rewrite != nil {
			rewrite = d.flavour.Rewrite(req, c)
		}
		if rewrite.Translate || packed(req) {
			return d.toChat, rewrite, nil
		}
	}
	return nil, rewrite, nil
}

// packed reports whether ids of calls carry what was put into them for another
// provider: they are too long for OpenAI.
func packed(req *llm.Request) bool {
	return bytes.Contains(req.Doc.Raw, packedPrefix)
}

var packedPrefix = []byte(callid.Prefix)

// refuseEmbedding is the answer of providers that have none.
func refuseEmbedding(c *llm.Candidate) error {
	return wire.Refused(dcoder.Invalid("model", "the model %s makes no embeddings: the provider %s has none", c.Model, c.Grant.Name))
}

// answerLacking goes the way over chat completions when a server that speaks
// OpenAI's protocol does not have the Responses API, and remembers it.
func (d *Dialect) answerLacking(ctx context.Context, req *llm.Request, c *llm.Candidate, resp *http.Response) (*llm.Reply, error) {
	err := refusal(ctx, resp, c.Grant.Secret)
	f, ok := err.(*llm.Failure) //nolint:errorlint // refusal returns its own bare
	if !ok || f.Public.Code == "model_not_found" || strings.Contains(f.Public.Message, "model") {
		return nil, err
	}
	d.lacking.add(c.Grant.BaseURL)
	return d.toChat.Complete(ctx, d.doer, req, c)
}
