package proc

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Child is a running child process.
type Child struct {
	cmd   *exec.Cmd
	stdin io.Closer // the child of a role ends when it is closed
	done  chan struct{}
}

// Start starts a program with exactly the environment given; what it says goes
// to out.
func Start(path string, args, env []string, out io.Writer) (*Child, error) {
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	return start(cmd, nil)
}

// StartRole starts this very program in another role. The child says on its
// first line where it listens, and ends when its standard input does, so that
// it never outlives its parent, however that ends.
func StartRole(ctx context.Context, args ...string) (*Child, string, error) {
	cmd := exec.Command(os.Args[0], args...)
	if self, err := os.Executable(); err == nil {
		cmd.Path = self
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, "", fmt.Errorf("start %v: %w", args, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", fmt.Errorf("start %v: %w", args, err)
	}
	c, err := start(cmd, in)
	if err != nil {
		return nil, "", err
	}
	addr, err := firstLine(ctx, out)
	if err != nil {
		c.Stop()
		return nil, "", fmt.Errorf("hear where %v listens: %w", args, err)
	}
	return c, addr, nil
}

func start(cmd *exec.Cmd, stdin io.Closer) (*Child, error) {
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	c := &Child{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

func firstLine(ctx context.Context, r io.Reader) (string, error) {
	type heard struct {
		line string
		err  error
	}
	ch := make(chan heard, 1)
	go func() {
		line, err := bufio.NewReader(r).ReadString('\n')
		ch <- heard{strings.TrimSpace(line), err}
	}()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	select {
	case h := <-ch:
		return h.line, h.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Pid is the process id.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Done is closed when the child has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Kill ends the child at once.
func (c *Child) Kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
}

// Stop asks the child to end, and kills it when it has not within 5 s.
func (c *Child) Stop() {
	if c.stdin != nil {
		_ = c.stdin.Close()
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(5 * time.Second):
		c.Kill()
	}
}

// UntilOrphaned returns when the parent of a role has ended or asks for it.
func UntilOrphaned() {
	_, _ = io.Copy(io.Discard, os.Stdin)
}
