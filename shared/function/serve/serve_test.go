package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

func TestMain(m *testing.M) {
	if os.Getenv("SERVE_AS_A_PROCESS") != "" {
		os.Exit(Main(func() (Options, error) { return Options{}, nil }))
	}
	// net/http lingers half a second over a connection that it closed by itself.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// running is a process in the test: it has an address and an end.
type running struct {
	url    string
	client *http.Client
	stop   context.CancelFunc
	ended  chan struct{}
	err    error // once ended
}

func process(grace time.Duration) config.Process {
	return config.Process{Host: "127.0.0.1", DrainGrace: grace, MaxInFlight: 8, MaxInFlightBytes: 1 << 20}
}

func start(t *testing.T, p config.Process, o Options) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	transport := &http.Transport{}
	r := &running{client: &http.Client{Transport: transport, Timeout: time.Minute}, stop: stop, ended: make(chan struct{})}
	address := make(chan net.Addr, 1)
	o.Listening = func(a net.Addr) { address <- a }
	go func() { r.err = Run(ctx, p, o); close(r.ended) }()
	select {
	case a := <-address:
		r.url = "http://" + a.String()
	case <-r.ended:
		require.NoError(t, r.err)
	}
	t.Cleanup(func() { stop(); transport.CloseIdleConnections(); <-r.ended })
	return r
}

func (r *running) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	resp, err := r.client.Get(r.url + path)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case <-r.ended:
		return r.err
	case <-time.After(time.Minute):
		t.Fatal("the process did not end")
		return nil
	}
}

// waiting is a function whose requests end when the test says so, or with an
// error frame when their context does.
func waiting(inside chan struct{}, leave chan struct{}) function.Func {
	return function.New("f", function.Handle("GET /stream", func(w http.ResponseWriter, r *http.Request) error {
		fmt.Fprint(w, "data: hello\n\n")
		w.(http.Flusher).Flush()
		inside <- struct{}{}
		select {
		case <-leave:
			fmt.Fprint(w, "data: [DONE]\n\n")
		case <-r.Context().Done():
			fmt.Fprintf(w, "data: %s\n\n", function.ErrorBody(function.EnvelopeOpenAI, context.Cause(r.Context()), ""))
		}
		return nil
	}, function.Public()))
}

func TestDrainLetsARunningStreamFinish(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	var order []string
	worker := Worker{"w", func(ctx context.Context) error { <-ctx.Done(); order = append(order, "worker"); return ctx.Err() }}
	hook := func(name string) Hook {
		return func(ctx context.Context) error { order = append(order, name); return ctx.Err() }
	}
	r := start(t, process(time.Minute), Options{
		Funcs: []function.Func{waiting(inside, leave)}, Workers: []Worker{worker}, OnDrain: []Hook{hook("flush"), hook("close")},
	})
	resp, err := r.client.Get(r.url + "/stream")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	<-inside
	ready, _ := r.get(t, "/health/ready")
	require.Equal(t, 200, ready.StatusCode)

	r.stop()
	require.Eventually(t, func() bool { ready, _ := r.get(t, "/health/ready"); return ready.StatusCode == 503 }, time.Minute, time.Millisecond)
	live, _ := r.get(t, "/health/live")
	require.Equal(t, 200, live.StatusCode)
	refused, body := r.get(t, "/stream")
	require.Equal(t, 503, refused.StatusCode)
	require.Equal(t, "1", refused.Header.Get("Retry-After"))
	require.True(t, refused.Close, "Connection: close")
	require.Contains(t, body, `"code":"draining"`)

	close(leave)
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "data: hello\n\ndata: [DONE]\n\n", string(rest))
	require.NoError(t, r.wait(t))
	require.Equal(t, []string{"worker", "flush", "close"}, order)
}

func TestDrainTellsAStreamThatOutlivesTheGrace(t *testing.T) {
	inside := make(chan struct{})
	r := start(t, process(time.Millisecond), Options{Funcs: []function.Func{waiting(inside, nil)}})
	resp, err := r.client.Get(r.url + "/stream")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	<-inside
	r.stop()
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(rest), `"code":"draining"`)
	require.NoError(t, r.wait(t))
}

func TestAWorkerThatFailsEndsTheProcess(t *testing.T) {
	hooked := false
	r := start(t, process(time.Minute), Options{
		Workers: []Worker{
			{"relay", func(context.Context) error { return errors.New("broken") }},
			{"other", func(ctx context.Context) error { <-ctx.Done(); return nil }},
		},
		OnDrain: []Hook{func(context.Context) error { hooked = true; return nil }},
	})
	require.ErrorContains(t, r.wait(t), "worker relay: broken")
	require.True(t, hooked)
}

func TestFullAnswers503InTheRoutesEnvelope(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	f := waiting(inside, leave)
	f.Routes[0].Errors = function.EnvelopeOpenAI
	r := start(t, process(time.Minute), Options{Funcs: []function.Func{f}})
	for range 8 {
		resp, err := r.client.Get(r.url + "/stream")
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		<-inside
	}
	refused, body := r.get(t, "/stream")
	require.Equal(t, 503, refused.StatusCode)
	require.Contains(t, body, `"type":"server_error","param":null,"code":"overloaded"`)
	live, _ := r.get(t, "/health/live")
	require.Equal(t, 200, live.StatusCode, "health is never shed")
	_, health := r.get(t, "/health")
	require.Contains(t, health, `"inFlight":8`)
	close(leave)
}

type byTenant struct{}

func (byTenant) Identify(ctx context.Context, r *http.Request, _ bool) (context.Context, *dcoder.Principal, error) {
	return ctx, &dcoder.Principal{Tenant: r.Header.Get("Authorization"), Permissions: []dcoder.Permission{dcoder.ModelsUse}}, nil
}

func TestATenantDoesNotStarveAnother(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	f := waiting(inside, leave)
	f.Routes[0].Access, f.Routes[0].Permission = function.AccessAllowed, dcoder.ModelsUse
	r := start(t, process(time.Minute), Options{Funcs: []function.Func{f}, Identifier: byTenant{}})
	ask := func(tenant string) int {
		req, err := http.NewRequest("GET", r.url+"/stream", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", tenant)
		resp, err := r.client.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { _ = resp.Body.Close() })
		if resp.StatusCode == 200 {
			<-inside
		}
		return resp.StatusCode
	}
	for range 7 {
		require.Equal(t, 200, ask("hog"), "alone it may fill the process but for an eighth")
	}
	require.Equal(t, 503, ask("hog"))
	require.Equal(t, 200, ask("newcomer"), "the eighth is for whoever comes")
	close(leave)
}

func TestHeadersAreBounded(t *testing.T) {
	r := start(t, process(time.Minute), Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	go func() { // the server stops reading when it has seen enough
		_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Big: %s\r\n\r\n", strings.Repeat("a", 64<<10))
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, resp.StatusCode)
}

func TestListenErrorNamesThePort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	p := process(time.Second)
	p.Port = taken.Addr().(*net.TCPAddr).Port
	require.ErrorContains(t, Run(t.Context(), p, Options{}), fmt.Sprintf("listen on port %d", p.Port))
}

func TestMainReportsAFailureByItsExitCode(t *testing.T) {
	t.Setenv("PORT", "x")
	require.Equal(t, 1, Main(nil))
	t.Setenv("PORT", "0")
	require.Equal(t, 1, Main(func() (Options, error) { return Options{}, errors.New("no wiring") }))
}
