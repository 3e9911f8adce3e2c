package llm

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// mute is a dialect that nobody calls.
type mute struct{}

func (mute) Complete(context.Context, *Request, *Candidate) (*Reply, error) { return nil, nil }

// atlas plans calls of one tenant.
type atlas struct {
	plan
	snap *dcoder.Snapshot
}

func newAtlas(aliases map[string][]dcoder.Target, routes map[string]dcoder.Route) *atlas {
	c := &Coats{Dialects: map[string]Dialect{"openai": mute{}, "groq": mute{}}}
	c.defaults()
	s := &dcoder.Snapshot{
		Aliases: aliases, Routes: routes, Providers: map[string]dcoder.ProviderGrant{}, Prices: map[string]dcoder.Price{},
	}
	for i, name := range []string{"a", "b", "c", "d"} {
		s.Providers[name] = dcoder.ProviderGrant{Dialect: "openai", BaseURL: "https://" + name + ".example", Secret: "s" + name, Models: []string{"m"}}
		s.Prices[name+"/m"] = dcoder.Price{Input: int64(1000 * (4 - i)), Output: int64(1000 * (4 - i)), Version: "1"}
	}
	return &atlas{plan{Coats: c}, s}
}

// to is a target of the one model that every provider of an atlas has.
func to(provider string, weight int) dcoder.Target {
	return dcoder.Target{Provider: provider, Model: "m", Weight: weight}
}

func (a *atlas) plan1(t testing.TB, name string) *Request {
	t.Helper()
	req := &Request{Model: name, Snapshot: a.snap, Principal: &dcoder.Principal{Tenant: "t"}, Begun: time.Now(), Choices: 1}
	require.NoError(t, a.resolve(req))
	return req
}

func names(cs []Candidate) (out string) {
	for i := range cs {
		out += cs[i].Grant.Name
	}
	return out
}

// firsts counts who leads in so many plans.
func (a *atlas) firsts(t testing.TB, name string, plans int) map[string]int {
	count := map[string]int{}
	for range plans {
		count[names(a.plan1(t, name).Candidates)]++
	}
	return count
}

func (a *atlas) cool(req *Request, provider string) {
	for _, cs := range [][]Candidate{req.Candidates, req.rest} {
		for i := range cs {
			if cs[i].Grant.Name == provider {
				cs[i].health.leave(time.Now(), turn{ok: true}, limited(time.Minute))
			}
		}
	}
}

func limited(after time.Duration) error {
	return &Failure{Retry: true, After: after, Public: &dcoder.Error{Status: http.StatusTooManyRequests, Code: "provider_rate_limited"}}
}

func TestWeightsShareCallsAndZeroIsForFailoverOnly(t *testing.T) {
	a := newAtlas(map[string][]dcoder.Target{"x": {to("a", 1), to("b", 9), to("c", 0)}}, nil)
	first := a.firsts(t, "x", 2000)
	require.Zero(t, first["c"])
	require.InDelta(t, 1800, first["b"], 120)
	req := a.plan1(t, "x")
	require.Len(t, req.rest, 2)
	a.cool(req, "b")
	require.Equal(t, map[string]int{"a": 50}, a.firsts(t, "x", 50), "what cools is not drawn")
	a.cool(a.plan1(t, "x"), "a")
	first = a.firsts(t, "x", 200)
	require.Zero(t, first["c"], "to go there is failover, which is not the plan's to decide")
	require.Positive(t, first["a"])
	require.Positive(t, first["b"])
}

func TestWithoutWeightsTheFirstThatTheTenantHasLeads(t *testing.T) {
	a := newAtlas(map[string][]dcoder.Target{"x": {to("gone", 0), to("b", 0), to("a", 0)}, "y": {to("b", 5), to("a", 5)}},
		map[string]dcoder.Route{"y": {Strategy: dcoder.StrategyOrdered}})
	require.Equal(t, map[string]int{"b": 20}, a.firsts(t, "x", 20))
	require.Equal(t, map[string]int{"b": 20}, a.firsts(t, "y", 20), "weights mean nothing in an order")
	require.Equal(t, "a", names(a.plan1(t, "y").rest))
	a.cool(a.plan1(t, "y"), "b")
	require.Equal(t, map[string]int{"b": 20}, a.firsts(t, "y", 20))
}

func TestTheCheapestLeads(t *testing.T) {
	a := newAtlas(map[string][]dcoder.Target{"x": {to("a", 0), to("c", 0), to("b", 0)}},
		map[string]dcoder.Route{"x": {Strategy: dcoder.StrategyCheapest}})
	req := a.plan1(t, "x")
	require.Equal(t, "c", names(req.Candidates))
	require.Equal(t, "ba", names(req.rest))
	a.cool(req, "c")
	require.Equal(t, "b", names(a.plan1(t, "x").Candidates), "of those that may be called")
	delete(a.snap.Prices, "b/m")
	require.Equal(t, "a", names(a.plan1(t, "x").Candidates), "no price is no low price")
}

func TestTheFastestLeadsAndOthersAreTriedNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAtlas(map[string][]dcoder.Target{"x": {to("a", 0), to("b", 0), to("c", 0)}},
			map[string]dcoder.Route{"x": {Strategy: dcoder.StrategyFastest}})
		req := a.plan1(t, "x")
		pace := func(provider string, d time.Duration) {
			for _, cs := range [][]Candidate{req.Candidates, req.rest} {
				for i := range cs {
					if cs[i].Grant.Name == provider {
						cs[i].health.pace.whole.add(time.Now(), d)
					}
				}
			}
		}
		pace("a", 90*time.Millisecond)
		pace("b", 20*time.Millisecond)
		first := a.firsts(t, "x", 400)
		require.Greater(t, first["c"], 350, "nobody knows it yet")
		pace("c", 60*time.Millisecond)
		first = a.firsts(t, "x", 1000)
		require.Greater(t, first["b"], 900)
		require.Positive(t, first["a"]+first["c"])
		for range 30 {
			pace("b", 300*time.Millisecond)
		}
		require.Greater(t, a.firsts(t, "x", 400)["c"], 350)
		time.Sleep(outdated + time.Second)
		pace("b", 60*time.Millisecond)
		require.Greater(t, a.firsts(t, "x", 400)["a"], 350, "what nobody measured for long is not known any more")
	})
}

func TestAnAliasMayStandForAnAlias(t *testing.T) {
	a := newAtlas(map[string][]dcoder.Target{
		"x":   {{Alias: "ab", Weight: 3}, to("c", 1)},
		"ab":  {to("a", 0), to("b", 0)},
		"old": {{Alias: "x"}},
	}, map[string]dcoder.Route{"ab": {Strategy: dcoder.StrategyCheapest}})
	first := a.firsts(t, "x", 1000)
	require.Zero(t, first["a"], "the inner alias chooses the cheapest")
	require.InDelta(t, 750, first["b"], 80)
	require.Len(t, a.firsts(t, "old", 1000), len(first))
	require.ElementsMatch(t, []dcoder.Target{to("a", 0), to("b", 0), to("c", 1)}, leaves(a.snap, "old", 1, nil))

	a.snap.Models = []string{"c/m"}
	require.Equal(t, map[string]int{"c": 20}, a.firsts(t, "old", 20), "the key may use c only")
}

// TestLoopsEnd: none is ever written, and one that is there all the same ends.
func TestLoopsEnd(t *testing.T) {
	a := newAtlas(map[string][]dcoder.Target{"x": {{Alias: "y"}, to("a", 0)}, "y": {{Alias: "x"}, {Alias: "y"}}}, nil)
	require.Equal(t, "a", names(a.plan1(t, "x").Candidates))
	require.NotEmpty(t, leaves(a.snap, "x", 1, nil))
	wide := map[string][]dcoder.Target{}
	for depth := range 6 {
		for range 20 {
			wide["n"+strconv.Itoa(depth)] = append(wide["n"+strconv.Itoa(depth)], dcoder.Target{Alias: "n" + strconv.Itoa(depth+1)}, to("a", 0))
		}
	}
	a.snap.Aliases = wide
	require.Equal(t, "a", names(a.plan1(t, "n0").Candidates))
	require.LessOrEqual(t, len(leaves(a.snap, "n0", 1, nil)), mostCandidate)
}

// TestCredentialsOfOneServiceStandTogether: to go from one to the other is a
// repetition, whatever their place in the alias.
func TestCredentialsOfOneServiceStandTogether(t *testing.T) {
	a := newAtlas(map[string][]dcoder.Target{"x": {to("a", 0), to("b", 0), to("c", 0), to("d", 0)}}, nil)
	for _, twin := range []string{"a", "c"} {
		g := a.snap.Providers[twin]
		g.BaseURL = "https://same.example"
		a.snap.Providers[twin] = g
	}
	req := a.plan1(t, "x")
	require.Equal(t, "ac", names(req.Candidates))
	require.Equal(t, "bd", names(req.rest))
	require.Equal(t, "ac", names(a.plan1(t, "m").Candidates), "a bare model's name too")
}
