package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/infra/kong"
	"github.com/d-coder-ai/dcoder/infra/kong/double"
	"github.com/d-coder-ai/dcoder/shared/config"
	tell "github.com/d-coder-ai/dcoder/shared/kong"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

// front is the gateway before the functions: Kong's double with the very
// configuration that Kong has in a cluster. What that calls a service of the
// cluster is this process.
type front struct {
	gateway     *double.Gateway
	door, admin net.Listener
	base        string                 // that clients use
	inner       atomic.Pointer[string] // host and port of the functions, once they listen
	collector   string                 // host and port; "" for none
}

// openFront listens where clients come, before anything answers.
func openFront(ctx context.Context, p config.Process, redis goredis.Scripter, collector string) (*front, error) {
	f := &front{collector: hostPort(collector)}
	f.gateway = double.New(double.Options{
		Resolve: f.resolve, Redis: func(string, int) goredis.Scripter { return redis },
	})
	if err := f.gateway.Load(kong.Dev); err != nil {
		return nil, fmt.Errorf("load the gateway's configuration: %w", err)
	}
	var l net.ListenConfig
	var err error
	if f.door, err = l.Listen(ctx, "tcp", net.JoinHostPort(p.Host, strconv.Itoa(p.Port))); err != nil {
		return nil, fmt.Errorf("listen as the gateway: %w", err)
	}
	if f.admin, err = l.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen as the gateway's admin API: %w", err)
	}
	f.base = "http://" + f.door.Addr().String()
	return f, nil
}

func hostPort(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}

const nobody = "127.0.0.1:1"

// resolve is the cluster's name service.
func (f *front) resolve(address string) string {
	switch inner := f.inner.Load(); {
	case strings.HasPrefix(address, "collector.") && f.collector != "":
		return f.collector
	case strings.HasPrefix(address, "collector."), inner == nil:
		return nobody
	default:
		return *inner
	}
}

// run serves until ctx ends; by then the functions have drained.
func (f *front) run(ctx context.Context) error {
	door := &http.Server{
		Handler: f.gateway, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	admin := &http.Server{Handler: f.gateway.Admin(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- door.Serve(f.door) }()
	go func() { failed <- admin.Serve(f.admin) }()
	go func() { _ = f.gateway.Run(ctx) }() // what it cannot send is dropped
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if door.Shutdown(last) != nil {
		_ = door.Close()
	}
	return errors.Join(err, admin.Close())
}

// tenants tells the gateway of tenants, as the command kongsync does.
func (f *front) tenants(db *postgres.Databases) *tell.Sync {
	return &tell.Sync{
		Admin: "http://" + f.admin.Addr().String(), Tenants: postgres.NewTenants(db).All,
		Config: func() ([]byte, error) { return kong.Dev, nil },
	}
}
