package load

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func get(path string) []byte { return []byte("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n") }

func TestRunCountsWhatTheServerServed(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	var served atomic.Int64
	var mu sync.Mutex
	peers, paths := map[string]bool{}, map[string]bool{}
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		mu.Lock()
		peers[r.RemoteAddr], paths[r.URL.Path] = true, true
		mu.Unlock()
		_, _ = w.Write([]byte("done"))
	})
	var opened, closed int
	r, err := Run(t.Context(), &Plan{
		Addr: addr, Conns: 4, Requests: [][]byte{get("/a"), get("/b")}, Ends: "done",
		Warm: 20 * time.Millisecond, Window: 500 * time.Millisecond,
		AtStart: func() { opened++ }, AtEnd: func() { closed++ },
	})
	require.NoError(t, err)
	assert.Zero(t, r.Failed, r.Failure)
	assert.NotEmpty(t, r.Latencies)
	assert.Less(t, len(r.Latencies), int(served.Load()), "the warm-up is not counted")
	assert.Len(t, r.Firsts, len(r.Latencies))
	assert.IsNonDecreasing(t, r.Latencies)
	assert.Len(t, peers, 4, "connections are kept")
	assert.Len(t, paths, 2, "every request is sent")
	assert.Equal(t, []int{1, 1}, []int{opened, closed})
	assert.GreaterOrEqual(t, r.Elapsed, 100*time.Millisecond)
	assert.InDelta(t, float64(len(r.Latencies))/r.Elapsed.Seconds(), r.Rate(), 0.001)
}

func TestRunCountsUnwantedAnswersAsFailed(t *testing.T) {
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"status": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "status 503"},
		"cut":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("half")) }, `end in "half"`},
		"broken": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "read"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Run(t.Context(), &Plan{
				Addr: serve(t, row.answer), Conns: 2, Requests: [][]byte{get("/")}, Ends: "done",
				Window: 200 * time.Millisecond,
			})
			require.NoError(t, err)
			assert.Positive(t, r.Failed)
			assert.Contains(t, r.Failure, row.want)
			assert.Empty(t, r.Latencies)
		})
	}
}

func TestRunReopensWhatTheServerCloses(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = w.Write([]byte("done"))
	})
	r, err := Run(t.Context(), &Plan{Addr: addr, Conns: 1, Requests: [][]byte{get("/")}, Ends: "done", Window: 500 * time.Millisecond})
	require.NoError(t, err)
	assert.Zero(t, r.Failed, r.Failure)
	assert.Greater(t, len(r.Latencies), 1)
}

func TestRunFailsWhereNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = Run(t.Context(), &Plan{Addr: l.Addr().String(), Conns: 1, Requests: [][]byte{get("/")}})
	assert.ErrorContains(t, err, "open a connection")
}
