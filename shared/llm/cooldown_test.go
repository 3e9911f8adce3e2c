package llm

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func failing(status int, code string) *Failure {
	return &Failure{Retry: status >= 500, Public: &dcoder.Error{Status: status, Code: code}}
}

// try makes one try that ends so, and reports whether it was let in.
func (h *health) try(err error) bool {
	turn := h.enter(time.Now())
	if turn.ok {
		h.leave(time.Now(), turn, err)
	}
	return turn.ok
}

func newHealth(t *testing.T, c Cooling) *health {
	t.Helper()
	return newCooldowns(c).of("t", &Candidate{Model: "m"})
}

func TestRetryAfterIsHonouredToTheInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(t, Cooling{})
		require.True(t, h.try(limited(17*time.Second)))
		require.Equal(t, 17*time.Second, h.wait(time.Now()))
		require.False(t, h.try(nil))
		time.Sleep(17*time.Second - 1)
		require.False(t, h.try(nil))
		time.Sleep(time.Nanosecond)
		require.Zero(t, h.wait(time.Now()))
		require.True(t, h.try(nil))
		require.True(t, h.try(nil), "the probe closed it")
	})
}

func TestFailuresInARowCoolWithADoublingPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(t, Cooling{Failures: 3, Window: 10 * time.Second, Base: 2 * time.Second, Most: 5 * time.Second})
		down := failing(503, "upstream_error")
		for range 4 {
			require.True(t, h.try(down))
			require.True(t, h.try(down))
			require.True(t, h.try(nil), "a success between them: no row")
		}
		require.True(t, h.try(down))
		require.True(t, h.try(down))
		time.Sleep(11 * time.Second)
		require.True(t, h.try(down), "the window is over: a new row")
		require.True(t, h.try(down))
		require.True(t, h.try(down))
		for _, pause := range []time.Duration{2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second} {
			require.Equal(t, pause, h.wait(time.Now()))
			time.Sleep(pause)
			require.True(t, h.try(down), "a probe")
		}
		time.Sleep(5 * time.Second)
		require.True(t, h.try(nil))
		for range 3 {
			require.True(t, h.try(down))
		}
		require.Equal(t, 2*time.Second, h.wait(time.Now()), "a success begins from the start")
	})
}

func TestOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(t, Cooling{Probe: 30 * time.Second})
		h.try(limited(time.Second))
		time.Sleep(time.Second)
		probe := h.enter(time.Now())
		require.Equal(t, turn{ok: true, probe: true}, probe)
		require.False(t, h.enter(time.Now()).ok)
		require.Equal(t, 30*time.Second, h.wait(time.Now()))

		h.leave(time.Now(), probe, context.Canceled)
		probe = h.enter(time.Now())
		require.True(t, probe.ok, "a client that left says nothing")
		time.Sleep(30 * time.Second)
		require.True(t, h.enter(time.Now()).probe, "a probe that never came back keeps nobody away for good")
		h.leave(time.Now(), probe, nil)
		require.True(t, h.try(nil))
	})
}

func TestCallsOfBeforeThePauseDoNotEndIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(t, Cooling{Base: time.Second})
		early, other := h.enter(time.Now()), h.enter(time.Now())
		h.try(limited(10 * time.Second))
		h.leave(time.Now(), early, nil)
		require.Equal(t, 10*time.Second, h.wait(time.Now()))
		h.leave(time.Now(), other, limited(20*time.Second))
		require.Equal(t, 20*time.Second, h.wait(time.Now()), "the later of two wishes")
		require.Equal(t, 1, h.trips, "and one pause")
	})
}

func TestWhatIsTheDeploymentsFault(t *testing.T) {
	for _, c := range []struct {
		err    error
		guilty bool
	}{
		{failing(400, "invalid_request_error"), false},
		{failing(404, "model_not_found"), false},
		{failing(413, "too_large"), false},
		{failing(422, "x"), false},
		{failing(502, codeEgress), false},
		{&Failure{Public: &dcoder.Error{Status: 502, Code: "upstream_invalid"}}, false},
		{context.Canceled, false},
		{errors.New("a bug of ours"), false},
		{dcoder.Unavailable("draining", "", 0, nil), false},
		{&Failure{Public: errTotal}, false},
		{limited(0), true},
		{failing(500, "upstream_error"), true},
		{failing(503, "overloaded_error"), true},
		{failing(502, "upstream_cut"), true},
		{&Failure{Public: errFirst}, true},
		{&Failure{Public: errIdle}, true},
		{&Failure{Public: &dcoder.Error{Status: 504, Code: "upstream_timeout"}}, true},
		{&Failure{Public: &dcoder.Error{Status: 502, Code: codeCredential, NoRetry: true}}, true},
		{&Failure{Public: &dcoder.Error{Status: 429, Code: codeQuota, NoRetry: true}}, true},
	} {
		got, _ := blame(c.err)
		require.Equal(t, c.guilty, got, c.err)
	}
}

func TestTroubleStaysWithItsTenantCredentialAndModel(t *testing.T) {
	k := newCooldowns(Cooling{})
	of := func(tenant, secret, model, base string) *health {
		return k.of(tenant, &Candidate{Model: model, Grant: dcoder.ProviderGrant{Dialect: "openai", BaseURL: base, Secret: secret}})
	}
	sick := of("t", "s", "m", "u")
	sick.try(limited(time.Hour))
	require.Same(t, sick, of("t", "s", "m", "u"))
	for _, h := range []*health{of("other", "s", "m", "u"), of("t", "new", "m", "u"), of("t", "s", "n", "u"), of("t", "s", "m", "v")} {
		require.Zero(t, h.wait(time.Now()))
	}
}

func TestDeploymentsAreForgottenTheHealthyOnesFirst(t *testing.T) {
	k := newCooldowns(Cooling{Known: 64})
	k.of("t", &Candidate{Model: "sick"}).try(limited(time.Hour))
	for i := range 5000 {
		k.of("t", &Candidate{Model: strconv.Itoa(i)}).try(nil)
		require.LessOrEqual(t, len(k.known), 64)
	}
	require.Positive(t, k.of("t", &Candidate{Model: "sick"}).wait(time.Now()))
}

func TestTheRefusalSaysWhenAndWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCooldowns(Cooling{Failures: 1, Base: 3 * time.Second})
		req := &Request{Model: "x"}
		for _, m := range []string{"m", "n"} {
			c := Candidate{Model: m}
			c.health = k.of("t", &c)
			req.Candidates = append(req.Candidates, c)
		}
		require.NoError(t, cooling(req, time.Now()))
		req.Candidates[0].health.try(limited(40 * time.Second))
		require.NoError(t, cooling(req, time.Now()), "one may be called")
		req.Candidates[1].health.try(failing(500, "upstream_error"))
		e := dcoder.AsError(cooling(req, time.Now()))
		require.Equal(t, http.StatusServiceUnavailable, e.Status)
		require.Equal(t, 3*time.Second, e.RetryAfter, "the earliest")
		require.Equal(t, "upstream_error", e.Details["cause"])
		req.Candidates = req.Candidates[:1]
		e = dcoder.AsError(cooling(req, time.Now()))
		require.Equal(t, http.StatusTooManyRequests, e.Status)
		require.Equal(t, 40*time.Second, e.RetryAfter)

		refused := &dcoder.Error{Status: 502, Code: codeCredential, NoRetry: true}
		h := req.Candidates[0].health
		time.Sleep(40 * time.Second)
		h.try(&Failure{Public: refused})
		require.Same(t, refused, dcoder.AsError(cooling(req, time.Now())), "waiting does not mend a credential")
	})
}

// Where nothing else could serve a call, failures alone are passed on; what the
// provider asks for is honoured all the same.
func TestALoneDeploymentCoolsOnlyWhenItsProviderAsks(t *testing.T) {
	rules := Cooling{}.withDefaults()
	h, now := &health{rules: &rules}, time.Now()
	broken := &Failure{Retry: true, Public: &dcoder.Error{Status: 502, Code: "upstream_error"}}
	for range 3 * rules.Failures {
		h.leave(now, turn{ok: true, lone: true}, broken)
	}
	require.Zero(t, h.wait(now))
	h.leave(now, turn{ok: true, lone: true}, &Failure{Retry: true, After: 7 * time.Second, Public: &dcoder.Error{Status: 429, Code: "provider_rate_limited"}})
	require.Equal(t, 7*time.Second, h.wait(now))
}
