package stories

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

// heard is what a client got of a stream.
type heard struct {
	id       string
	status   int // 0: no answer at all
	events   int // with content
	whole    bool
	hungUp   bool
	failures int // error frames
}

var streaming = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}

// stream asks for a stream and reads it to its end, or hangs up after so many
// events with content (0: never). It reads leanly: hundreds run at once.
func stream(ctx context.Context, base, key, id string, most int) heard {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	h := heard{id: id}
	body := `{"model":"` + model + `","stream":true,"messages":[{"role":"user","content":"Tell me a long story."}]}`
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/chat/completions", bytes.NewReader([]byte(body)))
	if err != nil {
		return h
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cache-Control", "no-store") // it is about calls: the same question is asked again and again
	r.Header.Set("X-Request-Id", id)
	answer, err := streaming.Do(r)
	if err != nil {
		return h
	}
	defer func() { _ = answer.Body.Close() }()
	h.status = answer.StatusCode
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if h.take(lines.Bytes()); most > 0 && h.events >= most {
			h.hungUp = true
			return h
		}
	}
	return h
}

func (h *heard) take(line []byte) {
	data, ok := bytes.CutPrefix(line, []byte("data: "))
	if !ok {
		return
	}
	if string(data) == "[DONE]" {
		h.whole = true
		return
	}
	var chunk struct {
		Error   json.RawMessage
		Choices []struct{ Delta struct{ Content string } }
	}
	switch err := json.Unmarshal(data, &chunk); {
	case err != nil:
	case chunk.Error != nil:
		h.failures++
	case len(chunk.Choices) > 0 && chunk.Choices[0].Delta.Content != "":
		h.events++
	}
}

// seen returns what the simulator's books say of a credential, by request id.
func (p *platform) seen(t testing.TB, credential string) map[string]llmsim.Seen {
	t.Helper()
	var books struct {
		Requests []llmsim.Seen `json:"requests"`
	}
	require.Equal(t, 200, (&caller{t, p.sim, "none"}).call("GET", "/_sim/requests", nil, &books))
	mine := map[string]llmsim.Seen{}
	for _, s := range books.Requests {
		if s.Credential == llmsim.Fingerprint(credential) {
			require.NotContains(t, mine, s.RequestID, "the provider was asked twice")
			mine[s.RequestID] = s
		}
	}
	return mine
}

// rowsByRequest returns the usage rows of the caller's tenant; a second row of
// one request fails the test.
func (c *caller) rowsByRequest() map[string]row {
	c.t.Helper()
	all := map[string]row{}
	for _, r := range c.rows() {
		require.NotContains(c.t, all, r.RequestID, "a request has two rows")
		all[r.RequestID] = r
	}
	return all
}

// slowly paces the simulator's answers to a credential.
func (p *platform) slowly(credential, perToken string, tokens int) {
	p.t.Helper()
	p.simulate("faults", map[string]any{
		"key": credential, "kind": "slow", "latency": map[string]any{"per_token": perToken}, "tokens": tokens,
	})
}

func (h heard) String() string {
	return fmt.Sprintf("%s: status %d, %d events, whole %v, hung up %v", h.id, h.status, h.events, h.whole, h.hungUp)
}
