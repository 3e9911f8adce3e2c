package genai_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
	"github.com/d-coder-ai/dcoder/shared/price/genai"
)

const data = `[
 {"id":"openai","models":[
  {"id":"m","match":{"or":[{"equals":"m"},{"regex":"^m-\\d{4}$"}]},"prices":[
    {"prices":{"input_mtok":1,"output_mtok":2}},
    {"constraint":{"start_date":"2030-01-01"},"prices":{"input_mtok":{"base":0.5,"tiers":[{"start":1000,"price":1}]},"output_mtok":2,"cache_read_mtok":0.05}}]},
  {"id":"drawn","match":{"equals":"drawn"},"prices":{"input_image_mtok":1}},
  {"id":"fine","match":{"equals":"fine"},"prices":{"input_mtok":0.00000001}},
  {"id":"odd","match":{"regex":"^(a|b)$"},"prices":{"input_mtok":1}}]},
 {"id":"google","models":[{"id":"gem","match":{"starts_with":"gem"},"prices":{"input_mtok":1}},{"id":"none","match":{"equals":"none"},"prices":{}}]},
 {"id":"elsewhere","models":[{"id":"x"}]}]`

func TestImport(t *testing.T) {
	taken, not, err := genai.Import([]byte(data), "v1", time.Date(2030, 5, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	gem := dcoder.Price{Version: "v1", Input: 1_000_000}
	require.Equal(t, []price.Imported{
		{Name: "openai/m", Dialect: "openai", Names: []string{"m", "m-####"}, Price: dcoder.Price{
			Version: "v1", Input: 500_000, Output: 2_000_000, CachedInput: 50_000, LongFrom: 1000, LongInput: 1_000_000,
		}},
		{Name: "google/gem", Dialect: "google", Names: []string{"gem*"}, Price: gem},
		{Name: "google/gem", Dialect: "vertex", Names: []string{"gem*"}, Price: gem},
	}, taken)
	require.Equal(t, []price.Untaken{
		{Name: "openai/drawn", Why: "costs in a way that is not known here: input_image_mtok"},
		{Name: "openai/fine", Why: "input_mtok is finer than a micro-unit"},
		{Name: "openai/odd", Why: "the expression ^(a|b)$ is no pattern"},
		{Name: "google/none", Why: "has no price"},
		{Name: "elsewhere", Why: "no dialect serves this provider"},
	}, not)
	require.True(t, taken[0].Takes("openai", "M-2030"))
	require.False(t, taken[0].Takes("groq", "m"))
	_, _, err = genai.Import([]byte(`{}`), "v1", time.Time{})
	require.Error(t, err)
}
