package vertex

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/anthropic"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/google"
)

// claudeVersion stands in the body of calls to Claude, in place of the model.
// Source: docs.anthropic.com/en/api/claude-on-vertex-ai.
const claudeVersion = "vertex-2023-10-16"

// claude speaks to models of Anthropic's: its own bodies under Google's address.
func (v *Dialect) claude() *anthropic.Dialect {
	return anthropic.NewFlavour(v.doer, anthropic.Flavour{
		Address: func(c *llm.Candidate, stream bool) (*url.URL, error) {
			if stream {
				return address(c, "anthropic", "streamRawPredict")
			}
			return address(c, "anthropic", "rawPredict")
		},
		Authorize: func(ctx context.Context, c *llm.Candidate, h http.Header) error {
			token, err := v.tokens.of(ctx, c.Grant.Secret)
			if err == nil {
				h["Authorization"] = []string{"Bearer " + token}
			}
			return err
		},
		BodyVersion: claudeVersion,
		Visible: func(h http.Header) http.Header {
			out, more := anthropic.Visible(h), google.Visible(h)
			if out == nil {
				return more
			}
			maps.Copy(out, more)
			return out
		},
	})
}

// address is where a method of a publisher's model is.
func address(c *llm.Candidate, publisher, method string) (*url.URL, error) {
	at, err := google.Address(c, "", "publishers/"+publisher+"/models", method)
	if err != nil {
		return nil, err
	}
	if !inProject.MatchString(at.Path) {
		return nil, google.Misconfigured("the base URL of Vertex AI must end in /v1/projects/{project}/locations/{location}")
	}
	return at, nil
}
