package redis

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Timeouts of one call. A call whose connection breaks is repeated once by this
// package and never by the client: the ledger must know what is a repeat.
const (
	dialTimeout = 500 * time.Millisecond
	callTimeout = time.Second
)

var quietClient sync.Once

// logger sends what the client says by itself to slog; failures reach callers as
// errors anyway.
type logger struct{}

func (logger) Printf(ctx context.Context, format string, v ...any) {
	slog.DebugContext(ctx, "redis client", "says", fmt.Sprintf(format, v...))
}

// Open returns a client for redis://, rediss://, unix:// or, for a Redis
// Cluster, redis+cluster:// and rediss+cluster:// URLs (with addr= parameters for
// further nodes). It does not connect. Times that the URL names (dial_timeout=,
// read_timeout=, write_timeout=, pool_timeout=) replace ours. The pool suits a small function: few
// connections, none held for long.
func Open(url string) (goredis.UniversalClient, error) {
	quietClient.Do(func() { goredis.SetLogger(logger{}) })
	if scheme, rest, ok := strings.Cut(url, "+cluster://"); ok {
		o, err := goredis.ParseClusterURL(scheme + "://" + rest)
		if err != nil {
			return nil, fmt.Errorf("read the Redis Cluster URL: %w", hideURL(err, url))
		}
		o.DialTimeout = or(o.DialTimeout, dialTimeout)
		o.ReadTimeout, o.WriteTimeout = or(o.ReadTimeout, callTimeout), or(o.WriteTimeout, callTimeout)
		o.DialerRetries, o.MaxRetries, o.MaxRedirects = 1, -1, 3
		o.PoolSize, o.ConnMaxIdleTime = 8, 5*time.Minute
		o.DisableIdentity = true
		return goredis.NewClusterClient(o), nil
	}
	o, err := goredis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("read the Redis URL: %w", hideURL(err, url))
	}
	tune(o)
	return goredis.NewClient(o), nil
}

func tune(o *goredis.Options) {
	o.DialTimeout, o.PoolTimeout = or(o.DialTimeout, dialTimeout), or(o.PoolTimeout, callTimeout)
	o.ReadTimeout, o.WriteTimeout = or(o.ReadTimeout, callTimeout), or(o.WriteTimeout, callTimeout)
	o.DialerRetries, o.MaxRetries = 1, -1
	o.PoolSize, o.MinIdleConns, o.ConnMaxIdleTime = 8, 0, 5*time.Minute
	o.Protocol, o.DisableIdentity = 2, true // fewer commands before the first answer
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// hideURL keeps the password of a URL out of an error.
func hideURL(err error, url string) error {
	return fmt.Errorf("%s", strings.ReplaceAll(err.Error(), url, "<url>"))
}

func or(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}
