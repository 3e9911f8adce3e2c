package stacktest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is a process that belongs to one test: it keeps its port and its data over restarts, and ends with the test.
type server struct {
	t       testing.TB
	name    string
	port    int
	command func() *exec.Cmd
	healthy func(address string) error
	stop    os.Signal

	mu      sync.Mutex
	running *exec.Cmd
	log     *os.File
}

// begin starts the server for the first time and ends it when the test does.
func (s *server) begin() {
	s.t.Helper()
	log, err := os.CreateTemp(s.t.TempDir(), s.name+"-*.log")
	if err != nil {
		s.t.Fatalf("a log for %s: %v", s.name, err)
	}
	s.log = log
	s.t.Cleanup(func() {
		s.end(os.Kill)
		_ = log.Close()
	})
	s.Start()
}

// Addr is host:port; it stays the same over restarts.
func (s *server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Start runs the server on its port and data and waits until it answers. It does nothing when it runs.
func (s *server) Start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return
	}
	cmd := s.command()
	cmd.Stdout, cmd.Stderr = s.log, s.log
	endWithTest(cmd)
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("starting %s: %v (run make up)", s.name, err)
	}
	s.running = cmd
	if err := s.await(); err != nil {
		text, _ := os.ReadFile(s.log.Name())
		s.t.Fatalf("%s does not answer: %v\n%s", s.name, err, text)
	}
}

func (s *server) await() error {
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err = s.healthy(s.Addr()); err == nil {
			return nil
		}
	}
	return err
}

// Stop ends the server as an operator would and waits for it.
func (s *server) Stop() { s.end(s.stop) }

// Kill ends the server with SIGKILL: what it has not written to disk is lost.
func (s *server) Kill() { s.end(os.Kill) }

// Restart stops the server, unless it is down already, and starts it again on the same port and data.
func (s *server) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start()
}

// Freeze stops the server's clock, as it were (SIGSTOP): connections stay open and nothing answers, until Thaw.
func (s *server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *server) signal(signal os.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		_ = s.running.Process.Signal(signal)
	}
}

func (s *server) end(signal os.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	_ = s.running.Process.Signal(signal)
	_ = s.running.Process.Signal(syscall.SIGCONT)
	late := time.AfterFunc(10*time.Second, func() { _ = s.running.Process.Kill() })
	_ = s.running.Wait()
	late.Stop()
	s.running = nil
}

// freePort is a port that nobody listens on now.
func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("asking for a port: %v", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// program is a server's program: the local stack's, else one on the PATH.
func program(t testing.TB, within ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{localDir()}, within...)...)
	// the folder may be a link to where other users than root may enter, and a program may be a link itself
	if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		real := filepath.Join(folder, filepath.Base(path))
		if _, err := os.Stat(real); err == nil {
			return real
		}
	}
	found, err := exec.LookPath(filepath.Base(path))
	if err != nil {
		t.Fatalf("no %s in %s nor on the PATH: run make up", filepath.Base(path), filepath.Dir(path))
	}
	return found
}

// greets checks that a server that speaks lines answers one as itself.
func greets(address, line, answer string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte(line)); err != nil {
		return err
	}
	got := make([]byte, len(answer))
	n, err := conn.Read(got)
	if err == nil && !strings.HasPrefix(string(got[:n]), answer) {
		err = fmt.Errorf("it answers %q", got[:n])
	}
	return err
}
