package temporal

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Options says where Temporal is.
type Options struct {
	Address   string      // host:port
	Namespace string      // "" is "default"
	TaskQueue string      // "" is dcoder.TaskQueue
	TLS       *tls.Config // nil: plain text, for a server of one's own cluster or machine
	APIKey    string      // of a hosted service; needs TLS
	Log       *slog.Logger
}

func (o *Options) taskQueue() string {
	if o.TaskQueue == "" {
		return dcoder.TaskQueue
	}
	return o.TaskQueue
}

// NewClient returns a client that dials when it is first used, so that a process
// starts while Temporal is away. The caller closes it.
func NewClient(o Options) (client.Client, error) {
	if o.APIKey != "" && o.TLS == nil {
		return nil, errors.New("temporal: an API key must not travel without TLS")
	}
	options := client.Options{
		HostPort: o.Address, Namespace: o.Namespace, Logger: log.NewStructuredLogger(o.log()),
		ConnectionOptions: client.ConnectionOptions{
			TLS: o.TLS, TLSDisabled: o.TLS == nil, GetSystemInfoTimeout: 2 * time.Second,
		},
	}
	if o.APIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(o.APIKey)
	}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("configure the client of Temporal: %w", err)
	}
	return c, nil
}

func (o *Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.Default().With("component", "temporal")
	}
	return o.Log.With("component", "temporal")
}
