package main

import (
	"bufio"
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/local/envfile"
)

// A second stack beside the one that runs: its ports are taken, so it finds others; it is killed at random moments
// of its making, and the next up always succeeds.
func TestUpSucceedsAfterKillsAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a whole stack: left out by -short")
	}
	second := newSecond(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, line := range []string{"port", "ready on", "reading", "unpacking", "unpacking", "unpacking", "creating", "creating", "ready on"} {
		second.upAndKillAfter(line, time.Duration(random.Int64N(int64(time.Second))))
	}
	second.run("up")
	require.Contains(t, second.run("status"), "healthy")
	requireOtherPorts(t, second.dir)

	before := second.pids()
	began := time.Now()
	second.run("up")
	t.Logf("the second up took %v", time.Since(began).Round(time.Millisecond))
	require.Equal(t, before, second.pids(), "a second up starts nothing anew")

	second.run("down")
	for _, pid := range before {
		require.True(t, ended(pid), "pid %d runs on", pid)
	}
	second.run("reset")
	require.NoDirExists(t, filepath.Join(second.dir, "postgres"))
	require.NoFileExists(t, filepath.Join(second.dir, "secrets.json"))
	require.FileExists(t, filepath.Join(second.dir, "debian", ".stamp"), "a reset keeps what was downloaded")
}

func TestTwoUpsAtOnceDoNotClash(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a whole stack: left out by -short")
	}
	second := newSecond(t)
	done := make(chan error, 2)
	for range 2 {
		go func() {
			out, err := second.command(t.Context(), "up").CombinedOutput()
			t.Logf("%s", out)
			done <- err
		}()
	}
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	second.run("status")
}

// second is a stack in a folder of its own, with the downloads and builds of the first, so that nothing is fetched.
type second struct {
	t       *testing.T
	program string
	dir     string
}

func newSecond(t *testing.T) second {
	t.Helper()
	root, err := repository()
	require.NoError(t, err)
	first := filepath.Join(root, ".local")
	if dir := os.Getenv("DCODER_LOCAL"); dir != "" {
		first = dir
	}
	require.FileExists(t, filepath.Join(first, "env"), "run make up")
	s := second{t: t, program: filepath.Join(t.TempDir(), "local"), dir: filepath.Join(t.TempDir(), "stack")}
	out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", s.program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, os.Mkdir(s.dir, 0o755))
	for _, shared := range []string{"apt", "bin"} {
		out, err := exec.CommandContext(t.Context(), "cp", "-a", filepath.Join(first, shared), s.dir).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	t.Cleanup(func() { _ = s.command(context.Background(), "purge").Run() })
	return s
}

func (s second) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.Env = append(os.Environ(), "DCODER_LOCAL="+s.dir, "DCODER_STACK=", "FORCE=1")
	return cmd
}

func (s second) run(args ...string) string {
	s.t.Helper()
	out, err := s.command(s.t.Context(), args...).CombinedOutput()
	require.NoError(s.t, err, string(out))
	return string(out)
}

// upAndKillAfter kills an up some time after it has printed a line, if it does.
func (s second) upAndKillAfter(line string, delay time.Duration) {
	s.t.Helper()
	cmd := s.command(s.t.Context(), "up")
	out, err := cmd.StdoutPipe()
	require.NoError(s.t, err)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	require.NoError(s.t, cmd.Start())
	var said strings.Builder
	armed := true
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if armed && strings.Contains(lines.Text(), line) {
			time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
			armed = false
		}
	}
	err = cmd.Wait()
	s.t.Logf("killed %v after %q (%v)\n%s", delay.Round(time.Millisecond), line, err, &said)
	if err != nil {
		require.ErrorContains(s.t, err, "killed", complaint.String())
	}
}

// ended is true of a zombie too: who reaps what a killed starter leaves is the machine's affair.
func ended(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func (s second) pids() []int {
	s.t.Helper()
	var pids []int
	for _, service := range []string{"postgres", "redis", "nats", "temporal", "s3"} {
		text, err := os.ReadFile(filepath.Join(s.dir, service, "pid"))
		require.NoError(s.t, err)
		id, _, _ := strings.Cut(string(text), " ")
		pid, err := strconv.Atoi(id)
		require.NoError(s.t, err)
		pids = append(pids, pid)
	}
	return pids
}

// requireOtherPorts checks that the two stacks share no address.
func requireOtherPorts(t *testing.T, dir string) {
	t.Helper()
	pairs, err := envfile.ReadFile(filepath.Join(dir, "env"))
	require.NoError(t, err)
	for _, pair := range pairs {
		require.NotRegexp(t, `:(4222|5432|6379|7233|8088|9000)(\D|$)`, pair.Value, pair.Key)
	}
}
