package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/local/envfile"
)

func TestVariablesThatAreSetWin(t *testing.T) {
	got := merge(
		[]string{"PATH=/bin", "DCODER_REDIS_URL=redis://elsewhere", "EMPTY="},
		[]envfile.Pair{{Key: "DCODER_REDIS_URL", Value: "redis://stack"}, {Key: "DCODER_NATS_URL", Value: "nats://stack"}, {Key: "EMPTY", Value: "x"}},
		"/stack/bin",
	)
	require.Equal(t, []string{"PATH=/bin:/stack/bin", "DCODER_REDIS_URL=redis://elsewhere", "EMPTY=", "DCODER_NATS_URL=nats://stack"}, got)
}
