package price_test

import (
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// recorded is a usage body of a real call, the counts that are in it, and what
// they cost by an independent calculation.
type recorded struct {
	Body struct {
		Model        string
		ModelVersion string
	}
	Model     string
	Extracted []struct {
		Usage      map[string]int64
		Extractors []struct {
			Flavor   string `json:"api_flavor"`
			Provider string `json:"provider_id"`
			Input    string `json:"input_price"`
			Output   string `json:"output_price"`
			Total    string `json:"total_price"`
		}
	}
}

// sourceDay is when the expected costs were reckoned.
var sourceDay = time.Date(2026, 8, 21, 0, 0, 0, 0, time.UTC)

// TestOracle prices the counts of every recorded usage for our providers.
func TestOracle(t *testing.T) {
	dir := os.Getenv("DCODER_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "prices", "usages.json"))
	if err != nil {
		t.Skipf("RECORDINGS ARE MISSING, nothing was checked: %v", err)
	}
	var all []recorded
	require.NoError(t, json.Unmarshal(raw, &all))
	dialects := map[string]string{"openai": "openai", "anthropic": "anthropic", "google": "vertex", "groq": "groq"}
	priced, free := map[string]int{}, map[string]int{}
	for _, r := range all {
		model := firstOf(r.Model, r.Body.Model, r.Body.ModelVersion)
		for _, e := range r.Extracted {
			for _, x := range e.Extractors {
				dialect, ours := dialects[x.Provider]
				if !ours {
					continue
				}
				flavor := x.Provider + " " + x.Flavor
				p := price.FindAt(dialect, model, sourceDay)
				if x.Input == "" {
					free[flavor]++
					require.Nil(t, p, "%s, %s: a price that the source does not have", flavor, model)
					continue
				}
				require.NotNil(t, p, "%s, %s", flavor, model)
				require.NotEmpty(t, x.Output)
				want := sumOf(t, x.Input, x.Output)
				if x.Total != "" {
					want = sumOf(t, x.Total)
				}
				got := tokensOf(t, e.Usage)
				requireCost(t, want, price.Cost(p, &got), "%s, %s, %v", flavor, model, e.Usage)
				priced[flavor]++
			}
		}
	}
	t.Logf("priced: %v; without a price in the source and here: %v", priced, free)
	require.Equal(t, map[string]int{
		"anthropic chat": 1, "anthropic default": 108, "google anthropic": 108, "google chat": 3, "google default": 221,
		"groq default": 39, "openai chat": 91, "openai embeddings": 93, "openai responses": 120,
	}, priced, "the denominator")
}

// requireCost takes a whole number of micro-units that is not below the exact
// cost, and by less than one above.
func requireCost(t *testing.T, exact *big.Rat, got dcoder.Micros, format string, args ...any) {
	t.Helper()
	over := new(big.Rat).Sub(new(big.Rat).SetInt64(got), exact)
	if over.Sign() < 0 || over.Cmp(big.NewRat(1, 1)) >= 0 {
		require.Failf(t, "the cost is another one", "%d, exactly %s; "+format, append([]any{got, exact.FloatString(6)}, args...)...)
	}
}

// sumOf adds dollars, in micro-units.
func sumOf(t *testing.T, dollars ...string) *big.Rat {
	t.Helper()
	sum := new(big.Rat)
	for _, d := range dollars {
		r, ok := new(big.Rat).SetString(d)
		require.True(t, ok, d)
		sum.Add(sum, r)
	}
	return sum.Mul(sum, big.NewRat(1_000_000, 1))
}

func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// counted are kinds that change no price of ours: parts of other kinds.
var counted = map[string]bool{
	"input_text_tokens": true, "input_tool_tokens": true, "input_text_tool_tokens": true, "output_text_tokens": true,
	"cache_text_read_tokens": true, "input_image_tokens": true, "input_video_tokens": true,
	"cache_image_read_tokens": true, "cache_video_read_tokens": true,
}

func tokensOf(t *testing.T, usage map[string]int64) (k dcoder.Tokens) {
	t.Helper()
	fields := map[string]*int64{
		"input_tokens": &k.Input, "output_tokens": &k.Output, "output_reasoning_tokens": &k.Reasoning,
		"cache_read_tokens": &k.CachedInput, "cache_write_1h_tokens": &k.CacheWrite1h, "cache_write_5m_tokens": &k.CacheWrite5m,
		"input_audio_tokens": &k.AudioInput, "cache_audio_read_tokens": &k.CachedAudio,
		"output_audio_tokens": &k.AudioOutput, "output_image_tokens": &k.ImageOutput, "web_searches": &k.WebSearches,
	}
	for name, n := range usage {
		switch {
		case fields[name] != nil:
			*fields[name] = n
		case name == "cache_write_tokens":
			if _, split := usage["cache_write_5m_tokens"]; !split {
				k.CacheWrite5m = n
			}
		default:
			require.True(t, counted[name], "an unknown kind: %s", name)
		}
	}
	return k
}
