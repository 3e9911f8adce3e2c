package blackbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/kong"
	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/infra/kong/double"
)

const patience = 60 * time.Second

// stand is a gateway with one upstream behind every service.
type stand struct {
	t            *testing.T
	proxy, admin string
	config       *declarative.Config

	mu     sync.Mutex
	handle http.HandlerFunc
	seen   []*http.Request // with their bodies read
	bodies []string
}

// edit changes the rendered configuration for a test.
type edit func(c *declarative.Config)

func start(t *testing.T, edits ...edit) *stand {
	t.Helper()
	s := &stand{t: t, config: load(t), handle: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }}
	upstream := listen(t, http.HandlerFunc(s.serve))
	for i := range s.config.Services {
		s.config.Services[i].URL = upstream
	}
	redisAt(t, "127.0.0.1:1")(s.config)
	for _, e := range edits {
		e(s.config)
	}
	s.proxy, s.admin = os.Getenv("DCODER_KONG_PROXY"), os.Getenv("DCODER_KONG_ADMIN")
	if s.proxy == "" {
		g := double.New(double.Options{})
		s.proxy, s.admin = listen(t, g), listen(t, g.Admin())
	}
	s.apply()
	return s
}

// listen serves on an address that the gateway reaches.
func listen(t *testing.T, h http.Handler) string {
	host := cmp.Or(os.Getenv("DCODER_KONG_UPSTREAM"), "127.0.0.1")
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	require.NoError(t, err)
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	server.Start()
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL
}

func load(t *testing.T) *declarative.Config {
	c, err := declarative.Load(kong.Dev)
	require.NoError(t, err)
	return c
}

// apply gives the gateway its configuration, and waits until it is in force.
func (s *stand) apply() {
	s.t.Helper()
	raw, err := json.Marshal(s.config)
	require.NoError(s.t, err)
	r, err := http.Post(s.admin+"/config", "application/json", bytes.NewReader(raw))
	require.NoError(s.t, err)
	said, _ := io.ReadAll(r.Body)
	_ = r.Body.Close()
	require.Equal(s.t, http.StatusCreated, r.StatusCode, string(said))
	probe := s.config.Routes[0].Name
	require.NotEmpty(s.t, probe)
	require.Eventually(s.t, func() bool {
		answer, err := http.Get(s.proxy + "/no/such/route")
		if err != nil {
			return false
		}
		defer func() { _ = answer.Body.Close() }()
		raw, _ := io.ReadAll(answer.Body)
		return strings.Contains(string(raw), "unknown_route")
	}, patience, 20*time.Millisecond)
}

func (s *stand) serve(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.seen, s.bodies = append(s.seen, r), append(s.bodies, string(raw))
	handle := s.handle
	s.mu.Unlock()
	handle(w, r)
}

func (s *stand) answers(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = h
}

// calls is how often the upstream was reached; last is its newest request.
func (s *stand) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

func (s *stand) last() (*http.Request, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NotEmpty(s.t, s.seen, "the upstream was not reached")
	return s.seen[len(s.seen)-1], s.bodies[len(s.bodies)-1]
}

// client neither follows nor unpacks anything.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, ExpectContinueTimeout: time.Minute},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       patience,
}

// ask sends one request; headers are names and values in turn.
func (s *stand) ask(method, target string, body io.Reader, headers ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.proxy, body)
	require.NoError(s.t, err)
	path, query, _ := strings.Cut(target, "?")
	r.URL.Opaque, r.URL.RawQuery = path, query
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
		if strings.EqualFold(headers[i], "host") {
			r.Host = headers[i+1]
		}
	}
	answer, err := client.Do(r)
	require.NoError(s.t, err)
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return answer, string(raw)
}

// each calls change with every plugin of that name, anywhere.
func each(c *declarative.Config, name string, change func(config map[string]any)) {
	visit := func(all []declarative.Plugin) {
		for i := range all {
			if all[i].Name != name {
				continue
			}
			config := map[string]any{}
			_ = json.Unmarshal(all[i].Config, &config)
			change(config)
			all[i] = declarative.Set(name, config)
		}
	}
	visit(c.Plugins)
	for i := range c.Services {
		visit(c.Services[i].Plugins)
		for j := range c.Services[i].Routes {
			visit(c.Services[i].Routes[j].Plugins)
		}
	}
}

// redisAt points the limits to a server.
func redisAt(t *testing.T, address string) edit {
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	n, err := net.LookupPort("tcp", port)
	require.NoError(t, err)
	return func(c *declarative.Config) {
		each(c, "rate-limiting", func(config map[string]any) {
			redis := config["redis"].(map[string]any)
			redis["host"], redis["port"] = host, n
		})
	}
}

// limit is by the hour: no case then runs over the end of a period.
func limit(hour int) edit {
	return func(c *declarative.Config) {
		each(c, "rate-limiting", func(config map[string]any) {
			delete(config, "minute")
			config["hour"] = hour
		})
	}
}

// hostOf is a URL's host and port.
func hostOf(t *testing.T, raw string) string {
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u.Host
}
