package stack

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func site(t *testing.T) *Site {
	t.Helper()
	s, err := Open("/nowhere", filepath.Join(t.TempDir(), "local"))
	require.NoError(t, err)
	s.Say = func(service, line string) { t.Log(service, line) }
	t.Cleanup(func() {
		if s.base != s.Dir {
			require.NoError(t, os.RemoveAll(s.base))
		}
	})
	return s
}

func TestPortsAreRememberedUntilTheyAreTaken(t *testing.T) {
	first := site(t)
	require.NoError(t, first.choosePorts([]string{"redis", "s3"}))
	again, err := Open(first.Root, first.Dir)
	require.NoError(t, err)
	require.Equal(t, first.Ports, again.Ports)

	listener, err := net.Listen("tcp", first.address("redis"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	s3 := again.Ports["s3"]
	require.NoError(t, again.choosePorts([]string{"redis", "s3"}))
	require.NotEqual(t, first.Ports["redis"], again.Ports["redis"])
	require.Equal(t, s3, again.Ports["s3"])
	require.NotEqual(t, again.Ports["redis"], again.Ports["s3"])
}

func TestTheEnvFileNamesWhatHasBeenUp(t *testing.T) {
	s := site(t)
	_, err := s.Env()
	require.ErrorContains(t, err, "make up")
	s.Ports["redis"] = 6390
	pairs, err := s.Env()
	require.NoError(t, err)
	values := map[string]string{}
	for _, pair := range pairs {
		values[pair.Key] = pair.Value
	}
	require.Equal(t, "redis://127.0.0.1:6390/0", values["DCODER_REDIS_URL"])
	require.NotContains(t, values, "DCODER_NATS_URL")
	require.Equal(t, s.Dir, values["DCODER_LOCAL"])
}

func TestResetKeepsDownloadsAndRemovesTheRest(t *testing.T) {
	s := site(t)
	for _, file := range [][]string{{"redis", "data", "x"}, {"postgres", "data"}, {"debian", "x"}, {"apt", "debs", "x"}, {"trash", "left"}} {
		require.NoError(t, os.MkdirAll(s.path(file...), 0o755))
	}
	require.NoError(t, s.Reset(t.Context()))
	require.NoDirExists(t, s.path("redis"))
	require.NoDirExists(t, s.path("postgres"))
	require.NoFileExists(t, s.path("secrets.json"))
	require.NoDirExists(t, s.path("trash"))
	require.DirExists(t, s.path("debian", "x"))
	require.DirExists(t, s.path("apt", "debs", "x"))
	require.DirExists(t, s.path("bin"))
}

func TestUnknownServicesAreNamed(t *testing.T) {
	require.ErrorContains(t, site(t).Down(t.Context(), "kafka"), `"kafka"`)
	_, err := choose([]string{"nats", "redis"})
	require.NoError(t, err)
}

func TestTheLockLetsOneInAtATime(t *testing.T) {
	s := site(t)
	unlock, err := s.Lock(t.Context())
	require.NoError(t, err)
	second, err := Open(s.Root, s.Dir)
	require.NoError(t, err)
	second.Say = func(string, string) {}
	entered := make(chan error, 1)
	go func() {
		free, err := second.Lock(t.Context())
		if err == nil {
			free()
		}
		entered <- err
	}()
	select {
	case err := <-entered:
		t.Fatalf("two hold the lock (%v)", err)
	case <-time.After(300 * time.Millisecond): // long enough for its first two tries
	}
	unlock()
	require.NoError(t, <-entered)
}
