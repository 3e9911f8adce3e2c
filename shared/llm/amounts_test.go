package llm

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
	"github.com/d-coder-ai/dcoder/shared/token"
)

func drawRequest(t *rapid.T) *Request {
	money := rapid.Int64Range(0, 200_000_000)
	r := &Request{
		Kind: Chat, Choices: rapid.Int64Range(1, 8).Draw(t, "choices"), MaxTokens: rapid.Int64Range(0, 300_000).Draw(t, "max_tokens"),
		Text:     token.Text{ASCII: rapid.IntRange(0, 1<<20).Draw(t, "text"), Multi: rapid.IntRange(0, 1<<16).Draw(t, "multi")},
		Snapshot: &dcoder.Snapshot{Tenant: dcoder.TenantPolicy{OutputCap: rapid.Int64Range(0, 4000).Draw(t, "cap")}},
	}
	for range rapid.IntRange(1, 3).Draw(t, "candidates") {
		r.Candidates = append(r.Candidates, Candidate{Price: &dcoder.Price{
			Input: money.Draw(t, "in"), Output: money.Draw(t, "out"), CachedInput: money.Draw(t, "cached"), OutputMax: rapid.Int64Range(0, 200_000).Draw(t, "most"),
			LongFrom: rapid.Int64Range(0, 400_000).Draw(t, "long"), LongInput: money.Draw(t, "long in"), LongOutput: money.Draw(t, "long out"),
		}})
	}
	if rapid.Bool().Draw(t, "deny") {
		r.Snapshot.Limits = []dcoder.Limit{{Metric: dcoder.MetricMoney, Action: dcoder.ActionDeny}}
	}
	return r
}

// TestADenyBudgetCoversTheDearestOutcome: whatever candidate answers, with
// whatever mix of kinds, up to max_tokens and the input's ceiling, costs no more
// than what was reserved.
func TestADenyBudgetCoversTheDearestOutcome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		a := r.reserve()
		c := r.Candidates[rapid.IntRange(0, len(r.Candidates)-1).Draw(t, "served")]
		most := c.Price.OutputMax
		if most == 0 {
			most = unknownOutput
		}
		if r.MaxTokens > 0 {
			most = min(most, r.MaxTokens)
		}
		in := rapid.Int64Range(0, token.Ceiling(r.Text)).Draw(t, "input")
		used := dcoder.Tokens{Input: in, CachedInput: rapid.Int64Range(0, in).Draw(t, "cached part"), Output: rapid.Int64Range(0, most*r.Choices).Draw(t, "output")}
		if r.asked.strict && (price.Cost(c.Price, &used) > a.Money || used.Input+used.Output > a.Tokens) {
			t.Fatalf("reserved %+v, used %+v for %d", a, used, price.Cost(c.Price, &used))
		}
		if !r.asked.strict && a.Tokens > token.Estimate(r.Text)+usualOutput*r.Choices {
			t.Fatalf("reserved %d tokens under a limit that only alerts", a.Tokens)
		}
	})
}

func TestTargets(t *testing.T) {
	s := &dcoder.Snapshot{
		Providers: map[string]dcoder.ProviderGrant{
			"openai": {Name: "openai", Dialect: "openai"},
			"eu":     {Name: "eu", Dialect: "openai", Models: []string{"gpt-4o", "in-house"}},
			"groq":   {Name: "groq", Dialect: "groq"},
		},
		Aliases: map[string][]dcoder.Target{"gpt-5": {{Provider: "groq", Model: "llama-3.1-8b-instant"}}},
	}
	for name, want := range map[string][]dcoder.Target{
		"gpt-4o":                       {{Provider: "eu", Model: "gpt-4o"}, {Provider: "openai", Model: "gpt-4o"}},
		"gpt-5":                        {{Provider: "groq", Model: "llama-3.1-8b-instant"}},
		"openai/gpt-5":                 {{Provider: "openai", Model: "gpt-5"}},
		"llm.openai.gpt-4.1-mini":      {{Provider: "openai", Model: "gpt-4.1-mini"}},
		"llm.groq.openai/gpt-oss-120b": {{Provider: "groq", Model: "openai/gpt-oss-120b"}},
		"openai/gpt-oss-120b":          {{Provider: "groq", Model: "openai/gpt-oss-120b"}},
		"in-house":                     {{Provider: "eu", Model: "in-house"}},
		"eu/gpt-4.1":                   nil,
		"nobody/gpt-4o":                nil,
		"llm.":                         nil,
		"":                             nil,
	} {
		require.Equal(t, want, Targets(s, name), name)
	}
}

func TestMayUse(t *testing.T) {
	target := dcoder.Target{Provider: "openai", Model: "gpt-4o-mini"}
	for pattern, ok := range map[string]bool{
		"gpt-4o-mini": true, "gpt-4o*": true, "fast": true, "openai/*": true, "llm.openai.*": true, "*": true,
		"gpt-4o": false, "groq/*": false, "GPT-4o-mini": false, "": false,
	} {
		require.Equal(t, ok, mayUse(&dcoder.Snapshot{Models: []string{pattern}}, "fast", target), pattern)
	}
	require.True(t, mayUse(&dcoder.Snapshot{}, "fast", target))
}

// FuzzParse: whatever comes, it is taken or refused with a 400.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"model":"m","messages":[{}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":1}`), byte(0))
	f.Add([]byte(`{"model":"m","input":[[1,2],[3]]}`), byte(2))
	f.Fuzz(func(t *testing.T, body []byte, kind byte) {
		r := Request{Kind: Kind(kind % 3), Snapshot: &dcoder.Snapshot{}}
		if err := r.Parse(body); err != nil {
			require.Equal(t, 400, dcoder.AsError(err).Status)
			return
		}
		require.NotEmpty(t, r.Model)
		require.GreaterOrEqual(t, r.Choices, int64(1))
		require.GreaterOrEqual(t, r.reserve().Tokens, int64(0))
	})
}
