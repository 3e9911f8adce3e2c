package double

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/shared/telemetry/otlp"
)

// Options say what surrounds the gateway. The zero value takes addresses as the
// configuration has them.
type Options struct {
	Resolve func(address string) string                  // where a service's "host:port" lives; nil: there
	Redis   func(host string, port int) goredis.Scripter // of the limits; nil: as configured
	Getenv  func(name string) string                     // of {vault://env/...}; nil: os.Getenv
	Now     func() time.Time                             // nil: time.Now
	Log     *slog.Logger                                 // nil: slog.Default
}

// Gateway is a Kong of one process. Until Apply it answers 404 to everything.
type Gateway struct {
	options  Options
	state    atomic.Pointer[state]
	mu       sync.Mutex // of Apply
	redis    clients
	stats    *stats
	exporter *otlp.Exporter
}

// New returns a gateway without a configuration.
func New(o Options) *Gateway {
	if o.Resolve == nil {
		o.Resolve = func(address string) string { return address }
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	g := &Gateway{options: o, stats: newStats()}
	g.exporter = otlp.NewExporter(otlp.Options{
		Doer: &http.Client{Transport: g.transport(time.Second, 5*time.Second, 5*time.Second, 0), Timeout: 5 * time.Second},
	})
	g.state.Store(&state{hash: hashOf(&declarative.Config{})})
	return g
}

// Load reads and applies a file.
func (g *Gateway) Load(raw []byte) error {
	c, err := declarative.Load(raw)
	if err != nil {
		return err
	}
	return g.Apply(c)
}

// Apply replaces the configuration at once, or changes nothing. Requests under
// way end under the one that they began with.
func (g *Gateway) Apply(c *declarative.Config) error {
	if err := c.Check(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := g.compile(c)
	if err != nil {
		return fmt.Errorf("apply the configuration: %w", err)
	}
	g.state.Swap(s).close()
	return nil
}

// Run sends spans until ctx ends.
func (g *Gateway) Run(ctx context.Context) error {
	err := g.exporter.Run(ctx)
	g.state.Load().close()
	return errors.Join(err, g.redis.close())
}

// hashOf is what /status tells: it changes when the configuration does.
func hashOf(c *declarative.Config) string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err) // of raw JSON that was read
	}
	sum := md5.Sum(raw)
	return hex.EncodeToString(sum[:])
}
