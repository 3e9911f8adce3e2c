// Package relay lets pods reach servers that listen on the host's loopback only: it listens on an address that pods
// can reach, and splices each connection to the server. Nothing is rebound or restarted.
package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Relay is what Start returns. Close it.
type Relay struct {
	listeners []net.Listener
	dialer    net.Dialer
	mu        sync.Mutex
	open      map[net.Conn]bool
	closed    bool
	running   sync.WaitGroup
}

// Start listens on each key of routes (host:port) and splices to its value. Either all of them listen or none.
func Start(ctx context.Context, routes map[string]string) (*Relay, error) {
	r := &Relay{dialer: net.Dialer{Timeout: 5 * time.Second}, open: map[net.Conn]bool{}}
	for from, to := range routes {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", from)
		if err != nil {
			r.Close()
			return nil, fmt.Errorf("relay to %s: %w", to, err)
		}
		r.listeners = append(r.listeners, l)
		r.running.Go(func() { r.serve(l, to) })
	}
	return r, nil
}

// Close ends the listeners and every connection, and waits for them.
func (r *Relay) Close() {
	for _, l := range r.listeners {
		_ = l.Close()
	}
	r.mu.Lock()
	r.closed = true
	for c := range r.open {
		_ = c.Close()
	}
	r.mu.Unlock()
	r.running.Wait()
}

func (r *Relay) serve(l net.Listener, to string) {
	for {
		in, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		r.running.Go(func() { r.splice(in, to) })
	}
}

// splice copies both ways until both ends have said that they are done; when one breaks, both end.
func (r *Relay) splice(in net.Conn, to string) {
	defer r.forget(in)
	if !r.remember(in) {
		return
	}
	out, err := r.dialer.Dial("tcp", to)
	if err != nil {
		return
	}
	defer r.forget(out)
	if !r.remember(out) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { pour(out, in) })
	both.Go(func() { pour(in, out) })
	both.Wait()
}

// pour copies to the end and says so; after an error it ends both.
func pour(to, from net.Conn) {
	_, err := io.Copy(to, from)
	half, ok := to.(*net.TCPConn)
	if err != nil || !ok || half.CloseWrite() != nil {
		_ = to.Close()
		_ = from.Close()
	}
}

func (r *Relay) remember(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open[c] = true
	return !r.closed
}

func (r *Relay) forget(c net.Conn) {
	_ = c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, c)
}
