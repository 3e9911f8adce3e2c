package stacktest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEnvNamesEveryServer(t *testing.T) {
	stack := Env(t)
	require.Contains(t, stack.ControlDSN, "/dcoder_control")
	require.Contains(t, stack.RedisURL, "redis://127.0.0.1:")
	require.Contains(t, Environ(t), "DCODER_NATS_URL="+stack.NATSURL)
}

func TestTenantIDsAreValidAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := TenantID()
		require.Regexp(t, `^[a-z][a-z0-9]{11}$`, id)
		require.False(t, seen[id])
		seen[id] = true
	}
}
