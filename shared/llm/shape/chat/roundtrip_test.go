package chat_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
)

// TestRequestsComeBackAsTheyWere reads and writes the requests of testdata, which
// say whatever the protocol can say.
func TestRequestsComeBackAsTheyWere(t *testing.T) {
	files, err := filepath.Glob("testdata/requests/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			require.JSONEq(t, string(body), write(t, read(t, string(body)), canonical.Options{}))
		})
	}
}

// TestNoFieldIsLost deletes every field of every request in turn: the request
// that is written must show it.
func TestNoFieldIsLost(t *testing.T) {
	files, err := filepath.Glob("testdata/requests/*.json")
	require.NoError(t, err)
	changed := 0
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(t, err)
		var whole any
		require.NoError(t, json.Unmarshal(body, &whole))
		for _, less := range withoutOne(whole) {
			mutant, err := json.Marshal(less)
			require.NoError(t, err)
			r, err := chat.Protocol.ReadRequest(mutant)
			if err != nil {
				continue // a field without which it is no request
			}
			out, err := chat.Protocol.WriteRequest(r, &canonical.Options{})
			require.NoError(t, err)
			if less.(map[string]any)["model"] == nil {
				continue // the gateway names it
			}
			require.JSONEq(t, string(mutant), string(out), "%s without a field", file)
			changed++
		}
	}
	require.Greater(t, changed, 100)
}

// withoutOne returns copies of v, in each of which one member of some object is
// missing.
func withoutOne(v any) (out []any) {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			less := map[string]any{}
			for other, x := range v {
				if other != k {
					less[other] = x
				}
			}
			out = append(out, less)
			for _, inner := range withoutOne(v[k]) {
				with := map[string]any{k: inner}
				for other, x := range less {
					with[other] = x
				}
				out = append(out, with)
			}
		}
	case []any:
		for i := range v {
			for _, inner := range withoutOne(v[i]) {
				list := append(append(append([]any{}, v[:i]...), inner), v[i+1:]...)
				out = append(out, list)
			}
		}
	}
	return out
}
