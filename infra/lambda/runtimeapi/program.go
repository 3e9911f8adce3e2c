package runtimeapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Program is a compiled bootstrap that runs under a Server of its own.
type Program struct {
	*Server
	Cold time.Duration // from exec to the first fetch

	cmd  *exec.Cmd
	http *http.Server
	log  logBuffer
	done chan struct{}
}

// Start runs the bootstrap at path with the environment, and returns when it
// fetches its first invocation. A program that ends before is an error that says
// what it said.
func Start(ctx context.Context, path string, env []string) (*Program, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Program{Server: New(), done: make(chan struct{})}
	p.http = &http.Server{Handler: p.Server, ReadHeaderTimeout: time.Minute}
	go func() { _ = p.http.Serve(listener) }()
	p.cmd = exec.Command(path)
	p.cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String(), "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512", "AWS_REGION=eu-central-1")
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	select {
	case <-p.Ready():
		p.Cold = time.Since(begun)
		return p, nil
	case <-p.done:
		p.Stop()
		return p, fmt.Errorf("the program ended before it fetched: %s", p.Log())
	case <-ctx.Done():
		p.Stop()
		return p, fmt.Errorf("the program did not fetch: %w: %s", ctx.Err(), p.Log())
	}
}

// Terminate sends SIGTERM and waits for the words of the drain.
func (p *Program) Terminate() error { return p.cmd.Process.Signal(syscall.SIGTERM) }

// Stop kills the program, as Lambda ends an environment at last.
func (p *Program) Stop() {
	_ = p.cmd.Process.Kill()
	<-p.done
	_ = p.http.Close()
}

// Done is closed when the program has ended.
func (p *Program) Done() <-chan struct{} { return p.done }

// Log returns what the program said.
func (p *Program) Log() string { return p.log.String() }

// Ask invokes with a request and returns the head of the answer.
func (p *Program) Ask(ctx context.Context, r Request, limit time.Duration) (*Response, error) {
	a, err := p.Invoke(ctx, r.Payload(), limit)
	if err != nil {
		return nil, err
	}
	return a.Web()
}

// Whole invokes and reads the answer to its end.
func (p *Program) Whole(ctx context.Context, payload []byte, limit time.Duration) (raw []byte, failed bool, err error) {
	a, err := p.Invoke(ctx, payload, limit)
	if err != nil {
		return nil, false, err
	}
	raw, err = io.ReadAll(a.Body)
	return raw, a.Failed, err
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String implements fmt.Stringer.
func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
