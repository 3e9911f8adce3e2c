package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Doer sends one request to a provider; it decides which addresses may be called.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// probe is what a test of a credential found.
type probe struct {
	OK        bool   `json:"ok"`
	Status    int    `json:"status,omitempty" doc:"that the provider answered"`
	Code      string `json:"code,omitempty" doc:"why not: unreachable, forbidden_address, provider_misconfigured, refused, unexpected_answer"`
	Message   string `json:"message" doc:"what was found, or what to do"`
	Models    int    `json:"models,omitempty" doc:"how many models the credential sees"`
	LatencyMS int64  `json:"latencyMs"`
}

const (
	probeTimeout = 10 * time.Second
	mostProbed   = 4 << 20
)

// ask makes the cheapest call that a wrong credential fails. What the provider
// says about a failure may quote the credential, so it is not passed on.
func (a *access) ask(ctx context.Context, g dcoder.ProviderGrant) probe {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	start := time.Now()
	r, err := a.Probe(ctx, g)
	if err != nil {
		return unreached(err, time.Since(start).Milliseconds())
	}
	start = time.Now()
	res, err := a.Upstream.Do(r)
	took := time.Since(start).Milliseconds()
	if err != nil {
		return unreached(err, took)
	}
	defer func() { _ = res.Body.Close() }()
	found := read(res)
	found.LatencyMS = took
	return found
}

func unreached(err error, took int64) probe {
	var known *dcoder.Error
	if errors.As(err, &known) {
		if known.Code == "provider_credential_refused" {
			return probe{Code: "refused", Message: refused, LatencyMS: took}
		}
		return probe{Code: known.Code, Message: known.Message, LatencyMS: took}
	}
	return probe{Code: "unreachable", Message: "the provider did not answer: check baseUrl", LatencyMS: took}
}

const refused = "the provider refuses the credential: set another secret"

func read(res *http.Response) probe {
	out := probe{Status: res.StatusCode}
	raw, err := io.ReadAll(io.LimitReader(res.Body, mostProbed))
	var found struct {
		Data, Models []json.RawMessage
	}
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden || refusesKey(res.StatusCode, raw):
		out.Code, out.Message = "refused", refused
	case res.StatusCode != http.StatusOK:
		out.Code, out.Message = "unexpected_answer", "the provider answered with an error: check baseUrl and dialect"
	case err != nil || json.Unmarshal(raw, &found) != nil:
		out.Code, out.Message = "unexpected_answer", "the provider's answer is not its API's: check baseUrl and dialect"
	default:
		out.OK, out.Models, out.Message = true, len(found.Data)+len(found.Models), "the credential works"
	}
	return out
}

// refusesKey knows Google's answer to a bad API key, which is a 400 with a reason
// such as API_KEY_INVALID (google.rpc.ErrorInfo).
func refusesKey(status int, raw []byte) bool {
	return status == http.StatusBadRequest && (bytes.Contains(raw, []byte(`"API_KEY_`)) || bytes.Contains(raw, []byte(`"API key `)))
}
