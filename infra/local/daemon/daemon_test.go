//go:build linux

package daemon

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func sleeper(t *testing.T, script string) Daemon {
	t.Helper()
	dir := t.TempDir()
	d := Daemon{Name: "sleeper", Home: dir, Log: filepath.Join(dir, "log")}
	require.NoError(t, d.Start(Command{Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Dir: dir}))
	t.Cleanup(func() { _ = d.Halt(context.Background()) })
	require.Eventually(t, func() bool { return d.PID() != 0 }, 5*time.Second, time.Millisecond)
	return d
}

func TestADaemonRunsInASessionOfItsOwnAndIsHalted(t *testing.T) {
	d := sleeper(t, "echo hello; exec sleep 60")
	pid := d.PID()
	session, err := sessionOf(pid)
	require.NoError(t, err)
	require.Equal(t, pid, session)
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(d.Log)
		return string(text) == "hello\n"
	}, 5*time.Second, time.Millisecond)
	require.NoError(t, d.Halt(t.Context()))
	require.Zero(t, d.PID())
	require.NoError(t, d.Halt(t.Context()), "what does not run is halted already")
}

func TestWhatIgnoresTheSignalIsKilled(t *testing.T) {
	d := sleeper(t, "trap '' TERM; echo ready; while :; do sleep 1; done")
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(d.Log)
		return string(text) == "ready\n"
	}, 5*time.Second, time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.NoError(t, d.Halt(ctx))
	require.Zero(t, d.PID())
}

// A recycled id: the record names a process that lives, but one that started at another time.
func TestAStrangersProcessIsNeverOurs(t *testing.T) {
	dir := t.TempDir()
	stat, err := os.ReadFile("/proc/self/stat")
	require.NoError(t, err)
	_, started, err := parseStat(string(stat))
	require.NoError(t, err)
	d := Daemon{Home: dir}
	require.NoError(t, os.WriteFile(d.pidFile(), stat, 0o600))
	require.Equal(t, os.Getpid(), d.PID(), "the record as it is names this test")

	recycled := strings.Replace(string(stat), " "+started+" ", " 1 ", 1)
	require.NoError(t, os.WriteFile(d.pidFile(), []byte(recycled), 0o600))
	require.Zero(t, d.PID())
	require.NoError(t, d.Halt(t.Context()))
	require.NoError(t, syscall.Kill(os.Getpid(), 0))
}

func TestRecordsThatAreNoneAreNobody(t *testing.T) {
	for _, text := range []string{"", "12", "x (sh) S", "12 (sh", "12 (a) b) S 1 2 3"} {
		d := Daemon{Home: t.TempDir()}
		require.NoError(t, os.WriteFile(d.pidFile(), []byte(text), 0o600))
		require.Zero(t, d.PID(), text)
	}
}

func TestTheGuardIsHeldUntilTheRecordStands(t *testing.T) {
	dir := t.TempDir()
	guard, err := os.Create(filepath.Join(dir, "lock"))
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(guard.Fd()), syscall.LOCK_EX))
	d := Daemon{Name: "sleeper", Home: dir, Log: filepath.Join(dir, "log"), Guard: guard}
	require.NoError(t, d.Start(Command{Path: "/bin/sleep", Args: []string{"60"}, Dir: dir}))
	require.NoError(t, guard.Close())
	t.Cleanup(func() { _ = d.Halt(context.Background()) })

	second, err := os.Open(filepath.Join(dir, "lock"))
	require.NoError(t, err)
	defer func() { _ = second.Close() }()
	require.NoError(t, syscall.Flock(int(second.Fd()), syscall.LOCK_EX), "waits for the child to let go")
	require.NotZero(t, d.PID())
}

func TestRunSaysWhatAFailedCommandPrinted(t *testing.T) {
	err := Command{Path: "/bin/sh", Args: []string{"-c", "echo why >&2; exit 3"}, Dir: "/"}.Run(t.Context())
	require.ErrorContains(t, err, "why")
}

func sessionOf(pid int) (int, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return strconv.Atoi(strings.Fields(after)[3])
}
