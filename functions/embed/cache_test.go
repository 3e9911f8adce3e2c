package embed_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/embed"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// TestVectorsAreGivenAgain: the same bytes, for nothing.
func TestVectorsAreGivenAgain(t *testing.T) {
	keys, err := secret.NewKeyset()
	require.NoError(t, err)
	kek, err := secret.ParseKeyset(keys)
	require.NoError(t, err)
	b := llmtest.New(t, llmtest.Options{Sealer: secret.NewVault(kek)}, func(m llm.Model) function.Func { return embed.New(embed.Deps{Model: m}) })
	ask := func(body string) (cache, raw string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+"/v1/embeddings", strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer dck_test")
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode, string(text))
		return resp.Header.Get("X-Cache"), string(text)
	}
	const body = `{"model":"text-embedding-3-small","dimensions":64,"input":["the sea","the moon"]}`
	cache, first := ask(body)
	require.Equal(t, "miss", cache)
	require.Eventually(t, func() bool {
		cache, again := ask(`{"input":["the sea","the moon"],"user":"u","dimensions":64,"model":"text-embedding-3-small"}`)
		require.Equal(t, first, again)
		return cache == "hit-exact"
	}, time.Minute, 5*time.Millisecond)
	cache, other := ask(strings.Replace(body, "64", "32", 1))
	require.Equal(t, "miss", cache)
	require.NotEqual(t, first, other)
	for _, r := range b.Rows(len(b.All())) {
		require.Equal(t, r.Cache == "hit-exact", r.Cost == 0 && r.CostBaseline > 0, "%+v", r)
	}
}
