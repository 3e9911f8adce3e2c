package platform

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

func TestParseCPU(t *testing.T) {
	got, err := parseCPU("# CPU\r\nused_cpu_sys:1.250000\r\nused_cpu_user:0.750000\r\nused_cpu_sys_children:9\r\n")
	require.NoError(t, err)
	assert.Equal(t, 2*time.Second, got)
	for _, bad := range []string{"", "used_cpu_sys:1", "used_cpu_sys:x\nused_cpu_user:1"} {
		_, err := parseCPU(bad)
		assert.Error(t, err, bad)
	}
}

func TestStateIsKeptAndPrivate(t *testing.T) {
	dir := t.TempDir()
	first, err := readState(dir)
	require.NoError(t, err)
	first.Tenants = append(first.Tenants, tenant{"acme00000001", "a key"})
	require.NoError(t, first.write())
	again, err := readState(dir)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	_, err = secret.ParseKeyset(again.KEK)
	require.NoError(t, err)
	_, err = auth.ParsePeppers(again.Peppers)
	require.NoError(t, err)
	info, err := os.Stat(again.path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, os.WriteFile(again.path, []byte("{"), 0o600))
	_, err = readState(dir)
	assert.ErrorContains(t, err, "bench.json")
}

func TestNineLimitsThatNeverRefuse(t *testing.T) {
	seen := map[[2]string]bool{}
	for _, l := range limits() {
		seen[[2]string{string(l.Scope), string(l.Metric)}] = true
		assert.Equal(t, dcoder.ActionDeny, l.Action)
		assert.Greater(t, l.Max, int64(1e8))
	}
	assert.Len(t, seen, 9)
}

func TestNames(t *testing.T) {
	assert.Equal(t, "postgres://app:pw@h:1/dcoder_bench?sslmode=disable", withDatabase("postgres://app:pw@h:1/dcoder_control?sslmode=disable"))
	assert.Equal(t, "app", user("postgres://app:pw@h:1/x"))
}

func TestOneBenchmarkAtATime(t *testing.T) {
	dir := t.TempDir()
	waiting := make(chan struct{}, 1)
	say := func(string, ...any) { waiting <- struct{}{} }
	first, err := lock(t.Context(), dir, say)
	require.NoError(t, err)
	second := make(chan error, 1)
	go func() {
		file, err := lock(t.Context(), dir, say)
		if err == nil {
			err = file.Close()
		}
		second <- err
	}()
	<-waiting
	require.Empty(t, second)
	require.NoError(t, first.Close())
	require.NoError(t, <-second)

	held, err := lock(t.Context(), dir, say)
	require.NoError(t, err)
	defer func() { _ = held.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = lock(ctx, dir, say)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
