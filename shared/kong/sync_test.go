package kong_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	gateway "github.com/d-coder-ai/dcoder/infra/kong"
	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/infra/kong/double"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/kong"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

const patience = 60 * time.Second

// stand is a gateway with limits of three requests, and the tenants that there
// are.
type stand struct {
	t       *testing.T
	gateway atomic.Pointer[double.Gateway]
	proxy   string
	pushes  atomic.Int64
	tenants atomic.Pointer[[]dcoder.Tenant]
	sync    *kong.Sync
}

func start(t *testing.T) *stand {
	s := &stand{t: t}
	s.tenants.Store(&[]dcoder.Tenant{})
	s.restart()
	admin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		s.gateway.Load().Admin().ServeHTTP(w, r)
		if r.Method == http.MethodPost {
			s.pushes.Add(1)
		}
	})
	s.proxy = serve(t, func(w http.ResponseWriter, r *http.Request) { s.gateway.Load().ServeHTTP(w, r) })
	config := configured(t, stacktest.OwnRedis(t))
	s.sync = &kong.Sync{
		Admin: admin, Every: 100 * time.Millisecond, Config: func() ([]byte, error) { return config, nil },
		Tenants: func(context.Context) ([]dcoder.Tenant, error) { return *s.tenants.Load(), nil },
	}
	return s
}

// restart is a Kong that was started anew: it knows nothing.
func (s *stand) restart() { s.gateway.Store(double.New(double.Options{})) }

func serve(t *testing.T, h http.HandlerFunc) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// configured is the rendered file with a far end and a Redis of the test's, and
// limits that a test can pass.
func configured(t *testing.T, redis *stacktest.RedisServer) []byte {
	c, err := declarative.Load(gateway.Dev)
	require.NoError(t, err)
	host, port, _ := strings.Cut(strings.Trim(strings.TrimPrefix(redis.URL(), "redis://"), "/0"), ":")
	far := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	for i := range c.Services {
		c.Services[i].URL = far
		c.Services[i].Plugins = []declarative.Plugin{declarative.Set("rate-limiting", map[string]any{
			"hour": 3, "limit_by": "consumer", "policy": "redis", "redis": map[string]any{"host": host, "port": json.Number(port)},
		})}
	}
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	return raw
}

func (s *stand) run() {
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.sync.Run(ctx) }()
	s.t.Cleanup(func() { cancel(); require.NoError(s.t, <-done) })
}

func (s *stand) set(all ...dcoder.Tenant) { s.tenants.Store(&all) }

func tenant(id, state string) dcoder.Tenant { return dcoder.Tenant{ID: id, State: state} }

func (s *stand) ask(id string) int {
	r, err := http.NewRequest(http.MethodGet, s.proxy+"/v1/models", nil)
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+virtualkey.New(id, dcoder.NewKeyID()).Text)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	_ = answer.Body.Close()
	return answer.StatusCode
}

func (s *stand) until(what string, condition func() bool) {
	s.t.Helper()
	began := time.Now()
	require.Eventually(s.t, condition, patience, 10*time.Millisecond, what)
	s.t.Logf("%s after %s (looks every %s here, every second in production)", what, time.Since(began).Round(time.Millisecond), s.sync.Every)
}

// known reports whether the gateway has a consumer of the tenant.
func (s *stand) known(id string) bool {
	w := httptest.NewRecorder()
	s.gateway.Load().Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/consumers", nil))
	return strings.Contains(w.Body.String(), `"`+id+`"`)
}

// TestANewTenantIsLimitedAndAnOffboardedOneIsNot served any more, without a
// restart of anything.
func TestANewTenantIsLimitedAndAnOffboardedOneIsNot(t *testing.T) {
	s := start(t)
	s.run()
	first, second := dcoder.NewTenantID(), dcoder.NewTenantID()
	s.until("the gateway is configured", func() bool { return s.ask(first) == http.StatusOK })
	s.until("who is not known is limited by address", func() bool { return s.ask(first) == http.StatusTooManyRequests })

	leaving := dcoder.NewTenantID()
	s.set(tenant(first, dcoder.StateActive), tenant(second, dcoder.StateActive), tenant(leaving, dcoder.StateActive))
	s.until("the new tenants are known", func() bool { return s.known(first) && s.known(second) && s.known(leaving) })
	for range 3 {
		require.Equal(t, http.StatusOK, s.ask(first), "a count of its own")
	}
	require.Equal(t, http.StatusTooManyRequests, s.ask(first))
	require.Equal(t, http.StatusOK, s.ask(second), "the neighbour's is another")
	require.Equal(t, http.StatusOK, s.ask(leaving))

	s.set(tenant(first, dcoder.StateActive), tenant(second, dcoder.StateSuspended), tenant(leaving, "offboarding"))
	s.until("the offboarded tenant is refused at the door", func() bool { return s.pushes.Load() == 3 })
	require.Equal(t, http.StatusUnauthorized, s.ask(leaving))
	require.Equal(t, http.StatusOK, s.ask(second), "a suspended tenant is told so by the function")
	third := dcoder.NewTenantID()
	s.set(tenant(second, dcoder.StateActive), tenant(third, dcoder.StateProvisioning))
	s.until("a tenant that is gone has no limit either", func() bool { return !s.known(leaving) && s.known(third) })
	require.Equal(t, http.StatusTooManyRequests, s.ask(leaving), "it counts by address again")
}

// TestNothingIsPushedWithoutAChange, and a Kong that forgot is told again.
func TestNothingIsPushedWithoutAChange(t *testing.T) {
	s := start(t)
	id := dcoder.NewTenantID()
	s.set(tenant(id, dcoder.StateActive))
	for range 3 {
		require.NoError(t, s.sync.Once(t.Context()))
	}
	require.EqualValues(t, 1, s.pushes.Load())
	s.restart()
	require.False(t, s.known(id))
	require.NoError(t, s.sync.Once(t.Context()))
	require.True(t, s.known(id))
	require.EqualValues(t, 2, s.pushes.Load())
}

func TestWhatIsWrongIsToldAndChangesNothing(t *testing.T) {
	s := start(t)
	id := dcoder.NewTenantID()
	s.set(tenant(id, dcoder.StateActive))
	require.NoError(t, s.sync.Once(t.Context()))
	good := s.sync.Config
	for text, raw := range map[string]string{
		"_format_version is missing": `{}`,
		"read Kong's configuration":  `{`,
		"status 400":                 `{"_format_version":"3.0","plugins":[{"name":"no-such"}]}`,
	} {
		s.sync.Config = func() ([]byte, error) { return []byte(raw), nil }
		require.ErrorContains(t, s.sync.Once(t.Context()), text)
		require.True(t, s.known(id))
	}
	s.sync.Config = good
	s.sync.Admin = "kong"
	require.ErrorContains(t, s.sync.Once(t.Context()), "no URL")
}
