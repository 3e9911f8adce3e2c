// Package nats is the platform's event broker on NATS JetStream: a publisher
// whose return means "held", the queues that a dispatcher drains, the dead
// letters, and a plain broadcast for hints.
//
// It knows no rule of delivery (package dispatch has them) and no event type.
package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Config says which server and which names. The zero value of every field but
// URL is a sound default.
type Config struct {
	URL        string        // nats://host:4222, or several separated by commas
	Prefix     string        // of subjects; streams carry it in capitals; default "dcoder"
	Name       string        // of the connection, as the server's monitoring shows it
	Timeout    time.Duration // of one exchange with the server; default 5 s
	EventBytes int64         // most bytes that the event stream may hold; default 512 MiB
	OtherBytes int64         // most bytes of the retries, and of the dead letters; default 128 MiB each
	Duplicates time.Duration // window in which a repeated Nats-Msg-Id is dropped; default 10 min
	AckWait    time.Duration // how long a message stays on loan without a sign of life; default 30 s
	Memory     bool          // streams in memory: tests only
}

func (c Config) filled() Config {
	def(&c.Prefix, "dcoder")
	def(&c.Name, "dcoder")
	def(&c.Timeout, 5*time.Second)
	def(&c.EventBytes, 512<<20)
	def(&c.OtherBytes, 128<<20)
	def(&c.Duplicates, 10*time.Minute)
	def(&c.AckWait, 30*time.Second)
	return c
}

func def[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Broker is one connection to the server. It connects at first use, so that a
// function starts with the server down, and goes on trying for ever.
type Broker struct {
	cfg Config

	mu      sync.Mutex
	conn    *nats.Conn
	js      jetstream.JetStream
	closed  bool
	ensured bool // the streams stand
}

// New returns a broker that has not connected yet.
func New(cfg Config) *Broker { return &Broker{cfg: cfg.filled()} }

var errClosed = errors.New("the broker's connection is closed")

// connect returns the connection, which may still be on its way up.
func (b *Broker) connect() (*nats.Conn, jetstream.JetStream, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, nil, errClosed
	}
	if b.conn != nil {
		return b.conn, b.js, nil
	}
	conn, err := nats.Connect(b.cfg.URL, b.options()...)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(4096),
		jetstream.WithPublishAsyncTimeout(b.cfg.Timeout), jetstream.WithDefaultTimeout(b.cfg.Timeout))
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("open JetStream: %w", err)
	}
	b.conn, b.js = conn, js
	return conn, js, nil
}

func (b *Broker) options() []nats.Option {
	return []nats.Option{
		nats.Name(b.cfg.Name),
		nats.Timeout(min(b.cfg.Timeout, 2*time.Second)),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(250*time.Millisecond, time.Second),
		// A message that waits in a client's memory is held by nobody: fail at
		// once and let the outbox keep it.
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			if sub != nil {
				slog.Warn("nats subscription failed", "subject", sub.Subject, "err", err)
				return
			}
			slog.Warn("nats connection failed", "err", err)
		}),
	}
}

// Ready reports whether the server can be reached and has JetStream.
func (b *Broker) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	conn, js, err := b.connect()
	if err != nil {
		return err
	}
	if !conn.IsConnected() {
		return unavailable(fmt.Errorf("connection is %s", conn.Status()))
	}
	if _, err := js.AccountInfo(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

// Close ends the connection. What was not acknowledged is not held.
func (b *Broker) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.conn != nil {
		b.conn.Close()
	}
}

func unavailable(cause error) *dcoder.Error {
	return dcoder.Unavailable("broker_unavailable", "the event broker cannot be reached; try again", time.Second, cause)
}
