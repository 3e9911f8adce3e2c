package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/price"
	"github.com/d-coder-ai/dcoder/shared/price/genai"
)

// TestTheTableIsFresh: the table is what the data and the generator make of it.
func TestTheTableIsFresh(t *testing.T) {
	dir := os.Getenv("DCODER_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	from := filepath.Join(dir, "prices", "data-v2.json")
	if _, err := os.Stat(from); err != nil {
		t.Skipf("THE PRICE DATA IS MISSING, nothing was checked: %v", err)
	}
	to := filepath.Join(t.TempDir(), "catalogue.txt")
	require.NoError(t, run(from, price.Version, to))
	want, err := os.ReadFile(to)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join("..", "..", "shared", "price", "catalogue.txt"))
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run it again, as its comment says")
}

func TestRender(t *testing.T) {
	text, err := render("2030-01-02", []genai.Provider{{ID: "groq", Models: []json.RawMessage{
		json.RawMessage(`{"id":"small","match":{"or":[{"equals":"small"},{"regex":"^small-\\d{2}$"}]},"prices":[
			{"prices":{"input_mtok":0.0375,"output_mtok":{"base":1,"tiers":[{"start":1000,"price":2}]}}},
			{"constraint":{"start_date":"2030-05-01"},"prices":{"input_mtok":0.5,"output_mtok":1}}]}`),
		json.RawMessage(`{"id":"gpt-image-9","match":{"equals":"gpt-image-9"},"prices":{"input_mtok":1}}`),
	}}})
	require.NoError(t, err)
	require.Contains(t, text, "= groq batch=50%\nsmall small-##\n\tin=0.0375 out=1 long=1000 longout=2\n\tfrom=2030-05-01 in=0.5 out=1\n")
	require.NotContains(t, text, "gpt-image-9")
	for name, model := range map[string]string{
		"an unknown kind":       `{"id":"x","match":{"equals":"x"},"prices":{"input_dreams":1}}`,
		"an expression":         `{"id":"x","match":{"regex":"a|b"},"prices":{"input_mtok":1}}`,
		"a rule":                `{"id":"x","match":{},"prices":{"input_mtok":1}}`,
		"two thresholds":        `{"id":"x","match":{"equals":"x"},"prices":{"input_mtok":{"base":1,"tiers":[{"start":1,"price":2}]},"output_mtok":{"base":1,"tiers":[{"start":2,"price":2}]}}}`,
		"hours of the day":      `{"id":"x","match":{"equals":"x"},"prices":[{"constraint":{"start_time":"00:30:00Z"},"prices":{"input_mtok":1}}]}`,
		"more than one step up": `{"id":"x","match":{"equals":"x"},"prices":{"input_mtok":{"base":1,"tiers":[{"start":1,"price":2},{"start":2,"price":3}]}}}`,
	} {
		_, err := render("2030-01-02", []genai.Provider{{ID: "groq", Models: []json.RawMessage{json.RawMessage(model)}}})
		require.Error(t, err, name)
	}
}
