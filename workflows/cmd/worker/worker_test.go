package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func TestTheWorkerMakesATenantAndDrains(t *testing.T) {
	h := newHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p := h.start()
	in := h.order()
	done, err := h.onboarder.Onboard(ctx, in)
	require.NoError(t, err)
	require.True(t, done)
	h.checkTenants(ctx, []dcoder.Onboarding{in})

	for _, path := range []string{"/health/live", "/health/ready"} {
		res, err := http.Get(p.address() + path)
		require.NoError(t, err)
		_ = res.Body.Close()
		assert.Equal(t, http.StatusOK, res.StatusCode, path)
	}
	require.NoError(t, p.terminate(), "%s", p.log)
	assert.Contains(t, p.log.String(), "drained")
	assert.NotContains(t, p.log.String(), "hash")
}

// With everything down the process starts, is live, and ends when asked to.
func TestTheWorkerStartsAndEndsWithAllDown(t *testing.T) {
	h := &house{t: t, env: []string{
		"PORT=0", "DCODER_HOST=127.0.0.1", "DCODER_LOG_FORMAT=text", "DCODER_KEK=" + stacktest.Env(t).KEK,
		"DCODER_CONTROL_DSN=postgres://app@127.0.0.1:1/control", "DCODER_CREATOR_DSN=postgres://creator@127.0.0.1:1/postgres",
		"DCODER_REDIS_URL=redis://127.0.0.1:1/0", "DCODER_NATS_URL=nats://127.0.0.1:1", "DCODER_TEMPORAL_ADDRESS=127.0.0.1:1",
	}}
	p := h.start()
	require.Eventually(t, func() bool {
		res, err := http.Get(p.address() + "/health/live")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, 20*time.Second, 10*time.Millisecond, "%s", p.log)
	require.NoError(t, p.terminate(), "%s", p.log)
}

func TestWrongConfigurationIsNamed(t *testing.T) {
	h := &house{t: t, env: []string{"PORT=0"}}
	p := h.start()
	require.Error(t, <-p.done)
	p.done <- nil
	for _, name := range []string{"DCODER_CONTROL_DSN", "DCODER_KEK", "DCODER_TEMPORAL_ADDRESS"} {
		assert.Contains(t, p.log.String(), name)
	}
}
