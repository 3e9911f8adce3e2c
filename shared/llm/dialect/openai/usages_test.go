package openai

import (
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// recorded is a usage body of a real call with the price that is expected.
type recorded struct {
	Body      json.RawMessage `json:"body"`
	Extracted []struct {
		Extractors []struct {
			Flavor   string `json:"api_flavor"`
			Provider string `json:"provider_id"`
			Input    string `json:"input_price"`
			Output   string `json:"output_price"`
		} `json:"extractors"`
	} `json:"extracted"`
}

// TestRecordedUsages prices recorded usage bodies of OpenAI's chat API, and holds
// them against what an independent catalogue says.
func TestRecordedUsages(t *testing.T) {
	dir := os.Getenv("DCODER_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "..", "shared", "data")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "prices", "usages.json"))
	if err != nil {
		t.Skipf("RECORDINGS ARE MISSING, nothing was checked: %v", err)
	}
	var all []recorded
	require.NoError(t, json.Unmarshal(raw, &all))
	checked := 0
	for _, r := range all {
		var body struct{ Model string }
		if json.Unmarshal(r.Body, &body) != nil || price.Find("openai", body.Model) == nil {
			continue
		}
		for _, e := range r.Extracted {
			for _, x := range e.Extractors {
				if x.Provider != "openai" || x.Flavor != "chat" || x.Output == "" {
					continue
				}
				want, ok := new(big.Rat).SetString(x.Input)
				require.True(t, ok)
				out, ok := new(big.Rat).SetString(x.Output)
				require.True(t, ok)
				want.Mul(want.Add(want, out), big.NewRat(1_000_000, 1))

				var doc jsonscan.Doc
				require.NoError(t, answerFields.Scan(r.Body, jsonscan.Limits{}, &doc))
				tokens, ok := usageIn(&doc)
				require.True(t, ok, "%s", r.Body)
				got := new(big.Rat).SetInt64(price.Cost(price.Find("openai", body.Model), &tokens))
				over := got.Sub(got, want)
				require.True(t, over.Sign() >= 0 && over.Cmp(big.NewRat(1, 1)) < 0, "%s: off by %s micro-units", r.Body, over.FloatString(3))
				checked++
			}
		}
	}
	require.Greater(t, checked, 50)
	t.Logf("%d recorded usages priced", checked)
}
