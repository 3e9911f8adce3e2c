package price_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

func TestCostOfKnownCalls(t *testing.T) {
	for name, c := range map[string]struct {
		dialect, model string
		tokens         dcoder.Tokens
		want           dcoder.Micros
	}{
		"prompt and answer":      {"openai", "gpt-4o", dcoder.Tokens{Input: 1000, Output: 100}, 2500 + 1000},
		"cached prompt":          {"openai", "gpt-4o", dcoder.Tokens{Input: 1000, CachedInput: 400, Output: 100}, 1500 + 500 + 1000},
		"reasoning is output":    {"openai", "gpt-5", dcoder.Tokens{Input: 0, Output: 100, Reasoning: 90}, 1000},
		"rounded up":             {"openai", "gpt-4o-mini", dcoder.Tokens{Input: 1}, 1},
		"dated name":             {"openai", "gpt-4.1-mini-2025-04-14", dcoder.Tokens{Input: 1_000_000}, 400_000},
		"unlisted date":          {"openai", "gpt-5-nano-2031-01-02", dcoder.Tokens{Input: 1_000_000}, 50_000},
		"at the long context":    {"openai", "gpt-5.4", dcoder.Tokens{Input: 272_000}, 680_000},
		"above the long context": {"openai", "gpt-5.4", dcoder.Tokens{Input: 272_001, Output: 1000}, 1_360_005 + 22_500},
		"embedding":              {"openai", "text-embedding-3-small", dcoder.Tokens{Input: 500}, 10},
		"named by a pattern":     {"openai", "gpt-5.6-luna-2031-01-02", dcoder.Tokens{Input: 1_000_000}, 400_000},
		"an hour of cache":       {"anthropic", "claude-opus-4-8", dcoder.Tokens{Input: 3_000_000, CacheWrite1h: 1_000_000, CacheWrite5m: 1_000_000}, 21_250_000},
		"Claude on Vertex":       {"vertex", "claude-haiku-4-5@20251001", dcoder.Tokens{Input: 1_000_000}, 1_000_000},
		"Gemini on Vertex":       {"vertex", "gemini-3-flash-preview", dcoder.Tokens{Input: 1_000_000, CachedInput: 500_000, AudioInput: 400_000, CachedAudio: 300_000}, 30_000 + 10_000 + 100_000 + 200_000},
		"a picture":              {"google", "gemini-2.5-flash-image", dcoder.Tokens{Output: 2_000_000, ImageOutput: 1_000_000}, 32_500_000},
		"searches":               {"anthropic", "claude-sonnet-4-5", dcoder.Tokens{Input: 1_000_000, WebSearches: 3}, 6_030_000},
		"written in capitals":    {"groq", "meta-llama/Llama-4-Scout-17B-16E-Instruct", dcoder.Tokens{Input: 1_000_000}, 110_000},
		"groq":                   {"groq", "openai/gpt-oss-120b", dcoder.Tokens{Input: 1_000_000, Output: 1_000_000}, 750_000},
	} {
		t.Run(name, func(t *testing.T) {
			p := price.Find(c.dialect, c.model)
			require.NotNil(t, p)
			require.Equal(t, price.Version, p.Version)
			require.Equal(t, c.want, price.Cost(p, &c.tokens))
		})
	}
	require.Nil(t, price.Find("openai", "gpt-99"))
	require.Contains(t, price.Models("groq"), "llama-3.1-8b-instant")
}

func drawPrice(t *rapid.T) dcoder.Price {
	m := rapid.Int64Range(0, 1_000_000_000)
	return dcoder.Price{
		Input: m.Draw(t, "input"), Output: m.Draw(t, "output"), CachedInput: m.Draw(t, "cached"), CacheWrite: m.Draw(t, "write"),
		CacheWrite1h: m.Draw(t, "write 1h"), CachedAudio: m.Draw(t, "cached audio"), ImageOutput: m.Draw(t, "image"), WebSearches: m.Draw(t, "searches"),
		Tiers:      []dcoder.TierPrice{{Tier: "flex", Percent: rapid.Int64Range(1, 400).Draw(t, "percent")}},
		AudioInput: m.Draw(t, "audio in"), AudioOutput: m.Draw(t, "audio out"), LongFrom: rapid.Int64Range(0, 1000).Draw(t, "long"), LongInput: m.Draw(t, "long in"),
	}
}

func drawTokens(t *rapid.T) dcoder.Tokens {
	n := rapid.Int64Range(0, 1_000_000_000)
	k := dcoder.Tokens{CachedInput: n.Draw(t, "cached"), CacheWrite5m: n.Draw(t, "written"), AudioInput: n.Draw(t, "audio"), AudioOutput: n.Draw(t, "audio out")}
	k.CacheWrite1h, k.ImageOutput = n.Draw(t, "written for long"), n.Draw(t, "image")
	k.CachedAudio = rapid.Int64Range(0, min(k.CachedInput, k.AudioInput)).Draw(t, "cached audio")
	k.Input = k.CachedInput + k.CacheWrite5m + k.CacheWrite1h + k.AudioInput - k.CachedAudio + n.Draw(t, "plain")
	k.Output = k.AudioOutput + k.ImageOutput + n.Draw(t, "output")
	return k
}

// exact is the same sum in rational numbers, in so many per cent.
func exact(p dcoder.Price, k dcoder.Tokens, percent int64) *big.Rat {
	or := func(a, b int64) int64 {
		if a == 0 {
			return b
		}
		return a
	}
	in := p.Input
	if p.LongFrom > 0 && k.Input > p.LongFrom {
		in = or(p.LongInput, in)
	}
	s := new(big.Rat)
	for _, x := range [][2]int64{
		{k.CachedInput - k.CachedAudio, or(p.CachedInput, in)},
		{k.CachedAudio, or(p.CachedAudio, or(p.CachedInput, in))},
		{k.CacheWrite5m, or(p.CacheWrite, in)},
		{k.CacheWrite1h, or(p.CacheWrite1h, or(p.CacheWrite, in))},
		{k.AudioInput - k.CachedAudio, or(p.AudioInput, in)},
		{k.Input - k.CachedInput - k.CacheWrite5m - k.CacheWrite1h - k.AudioInput + k.CachedAudio, in},
		{k.AudioOutput, or(p.AudioOutput, p.Output)},
		{k.ImageOutput, or(p.ImageOutput, p.Output)},
		{k.Output - k.AudioOutput - k.ImageOutput, p.Output},
	} {
		s.Add(s, new(big.Rat).Mul(new(big.Rat).SetInt64(x[0]), new(big.Rat).SetFrac64(x[1], 1_000_000)))
	}
	return s.Mul(s, big.NewRat(percent, 100))
}

func TestCostIsExactAndRoundedUpOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, k := drawPrice(t), drawTokens(t)
		got, want := new(big.Rat).SetInt64(price.Cost(&p, &k)), exact(p, k, 100)
		if rapid.Bool().Draw(t, "in a tier") {
			got, want = new(big.Rat).SetInt64(price.CostIn(&p, &k, "flex")), exact(p, k, p.Tiers[0].Percent)
		}
		over := new(big.Rat).Sub(got, want)
		if over.Sign() < 0 || over.Cmp(big.NewRat(1, 1)) >= 0 {
			t.Fatalf("cost %s, exactly %s", got, want.FloatString(9))
		}
	})
}

func TestDearestIsNeverCheaper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, k := drawPrice(t), drawTokens(t)
		d := price.Dearest(&p)
		all := dcoder.Tokens{Input: k.Input, Output: k.Output}
		if price.Cost(&d, &all) < max(price.Cost(&p, &k), price.CostIn(&p, &k, "flex")) {
			t.Fatal("a reservation below the cost")
		}
	})
}

func TestCostSaturates(t *testing.T) {
	p := dcoder.Price{Input: math.MaxInt64, Output: math.MaxInt64}
	require.EqualValues(t, math.MaxInt64, price.Cost(&p, &dcoder.Tokens{Input: math.MaxInt64, Output: math.MaxInt64}))
	require.Zero(t, price.Cost(&p, &dcoder.Tokens{Input: -5, Output: -1, CachedInput: -7}))
}

func TestTiers(t *testing.T) {
	k := dcoder.Tokens{Input: 1_000_000, CachedInput: 400_000, Output: 1_000_000}
	for name, c := range map[string]struct {
		dialect, model, tier string
		want                 dcoder.Micros
	}{
		"half":                           {"openai", "o3", "flex", 600_000 + 100_000 + 4_000_000},
		"batch":                          {"anthropic", "claude-opus-4-7", "batch", 1_500_000 + 100_000 + 12_500_000},
		"dearer":                         {"openai", "gpt-4o", "priority", 2_550_000 + 850_000 + 17_000_000},
		"long calls have no priority":    {"openai", "gpt-5.4", "priority", 3_000_000 + 200_000 + 22_500_000},
		"standard by another name":       {"openai", "gpt-4o", "default", 1_500_000 + 500_000 + 10_000_000},
		"a tier that nobody has a price": {"groq", "qwen/qwen3-32b", "performance", 290_000 + 590_000},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, price.CostIn(price.Find(c.dialect, c.model), &k, c.tier))
		})
	}
}

func TestPricesChangeOnTheirDay(t *testing.T) {
	for day, want := range map[string]dcoder.Micros{"2026-08-31": 2_000_000, "2026-09-01": 3_000_000} {
		at, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		p := price.FindAt("anthropic", "claude-sonnet-5", at)
		require.Equal(t, want, p.Input, day)
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	for _, model := range []string{"gpt-4o", "gpt-4o-2024-08-06", "gpt-5.6-sol-2026-07-01"} {
		require.NotNil(t, price.Find("openai", model))
		require.Zero(t, testing.AllocsPerRun(100, func() { price.Find("openai", model) }), model)
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { price.Find("openai", "nobody-knows-it") }))
	for i := range 2000 {
		require.NotNil(t, price.Find("anthropic", fmt.Sprintf("claude-2-%d", i)), "a full cache begins anew")
	}
}

func TestMicros(t *testing.T) {
	for text, want := range map[string]dcoder.Micros{
		"0": 0, "0.0": 0, "2.5": 2_500_000, "0.0375": 37_500, "1e2": 100_000_000, "0.000001": 1, "1.50000000000": 1_500_000, "0e9999": 0,
	} {
		got, err := price.Micros(text, price.PerMillion)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	token, err := price.Micros("2.5e-06", price.PerToken)
	require.NoError(t, err)
	require.EqualValues(t, 2_500_000, token)
	for text, want := range map[string]error{
		"": price.ErrNotDecimal, "-1": price.ErrNotDecimal, "1e": price.ErrNotDecimal, "0x1": price.ErrNotDecimal, "1.2.3": price.ErrNotDecimal,
		"0.0000001": price.ErrTooFine, "1e-9": price.ErrTooFine, "1e99": price.ErrTooLarge, "99999999999999999999": price.ErrTooLarge,
	} {
		_, err := price.Micros(text, price.PerMillion)
		require.ErrorIs(t, err, want, text)
	}
}

// FuzzMicros: what is taken is exactly what is written.
func FuzzMicros(f *testing.F) {
	for _, seed := range []string{"2.5", "1e-7", "0.30000000000000004", "7E+2", "..", "1e9999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := price.Micros(text, price.PerMillion)
		if err != nil || len(text) > 100 {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		require.True(t, ok, text)
		require.Zero(t, want.Mul(want, big.NewRat(1_000_000, 1)).Cmp(new(big.Rat).SetInt64(got)), text)
	})
}

func BenchmarkFind(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		price.Find("openai", "gpt-4o-2024-11-20")
	}
}

func BenchmarkCost(b *testing.B) {
	p := price.Find("openai", "gpt-4o")
	k := dcoder.Tokens{Input: 1000, CachedInput: 10, Output: 100}
	b.ReportAllocs()
	for b.Loop() {
		price.Cost(p, &k)
	}
}
