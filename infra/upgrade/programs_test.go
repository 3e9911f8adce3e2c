package upgrade

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// previous is the variable that names the earlier version: a git reference.
const previous = "PREVIOUS"

// checkout puts the earlier version into a folder of its own, or skips, loudly,
// where the history does not have it.
func checkout(t *testing.T) (folder, ref string) {
	t.Helper()
	ref = os.Getenv(previous)
	if ref == "" {
		t.Skip("builds an earlier version: make upgrade-test PREVIOUS=<git ref>")
	}
	if out, err := exec.Command("git", "cat-file", "-e", ref+"^{commit}").CombinedOutput(); err != nil {
		t.Skipf("THE UPGRADE WAS NOT TESTED: this history has no commit %s (%s); name one: make upgrade-test PREVIOUS=<git ref>", ref, bytes.TrimSpace(out))
	}
	folder = filepath.Join(t.TempDir(), "previous")
	command(t, "git", "worktree", "add", "--detach", folder, ref)
	t.Cleanup(func() { command(t, "git", "worktree", "remove", "--force", folder) })
	return folder, ref
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
}

// build compiles a program of the sources in a folder.
func build(t *testing.T, folder, name string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name)
	command(t, "go", "build", "-C", folder, "-buildvcs=false", "-o", out, "./functions/cmd/"+name)
	return out
}

// process is a running program.
type process struct {
	t    *testing.T
	path string
	env  []string
	port int
	base string
	cmd  *exec.Cmd
	log  *lines
	done chan struct{}
}

func newProcess(t *testing.T, path string, env []string) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	return &process{
		t: t, path: path, port: port, base: fmt.Sprintf("http://127.0.0.1:%d", port),
		env: append(slices.Clone(env), fmt.Sprintf("PORT=%d", port)), log: &lines{},
	}
}

func (p *process) start() {
	p.t.Helper()
	p.cmd, p.done = exec.Command(p.path), make(chan struct{})
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, p.log, p.log
	require.NoError(p.t, p.cmd.Start())
	cmd, done := p.cmd, p.done
	go func() { _ = cmd.Wait(); close(done) }()
	p.t.Cleanup(func() { _ = cmd.Process.Kill(); <-done })
	require.Eventually(p.t, func() bool {
		answer, err := http.Get(p.base + "/health/live")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}, 30*time.Second, 5*time.Millisecond, "%s said: %s", p.path, p.log)
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stop asks it to end, as a platform does that replaces it, and waits.
func (p *process) stop() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.done:
		require.Zero(p.t, p.cmd.ProcessState.ExitCode(), "%s", p.log)
	case <-time.After(40 * time.Second):
		require.FailNow(p.t, "it does not end", "%s", p.log)
	}
}

// lines is what a process said.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.text.String()
	return s[max(0, len(s)-3000):]
}
