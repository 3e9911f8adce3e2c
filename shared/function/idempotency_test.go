package function_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/functiontest"
)

// notebook is a store of the test's own: what is asked here is the chain, not
// how Postgres and Redis keep the promise.
type notebook struct {
	mu      sync.Mutex
	records map[string]dcoder.Replay
	running map[string]bool
}

func newNotebook() *notebook {
	return &notebook{records: map[string]dcoder.Replay{}, running: map[string]bool{}}
}

func (n *notebook) Find(_ context.Context, tenant, key string) (*dcoder.Replay, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r, ok := n.records[tenant+"|"+key]; ok {
		return &r, nil
	}
	return nil, nil
}

func (n *notebook) Claim(_ context.Context, tenant, key string) (func(), bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id := tenant + "|" + key
	if n.running[id] {
		return nil, false, nil
	}
	n.running[id] = true
	return func() { n.mu.Lock(); delete(n.running, id); n.mu.Unlock() }, true, nil
}

func (n *notebook) store(_ context.Context, r *dcoder.Replay) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.records[r.Tenant+"|"+r.Key] = *r
	r.Stored = true
	return nil
}

func TestTheTestsOwnReplaysKeepThePromise(t *testing.T) {
	n := newNotebook()
	functiontest.Replays(t, functiontest.Remembering{Replays: n, Store: n.store, Tenant: "acme", Other: "evil"})
}

type makeIn struct {
	Body struct {
		Name string `json:"name"`
	}
}

type makeOut struct {
	Status   int
	Location string `header:"Location"`
	Body     struct {
		N    int64  `json:"n"`
		Name string `json:"name"`
	}
}

// maker makes numbered things and remembers its answers in n; entered and leave
// let a test hold a request inside.
func maker(n *notebook, made *atomic.Int64, inside func()) function.Func {
	return function.New("maker", function.Call("POST /v1/things", func(ctx context.Context, in *makeIn) (*makeOut, error) {
		inside()
		if in.Body.Name == "wrong" {
			return nil, dcoder.Conflict("name_taken", "the name is taken")
		}
		out := &makeOut{Status: 201}
		out.Body.N, out.Body.Name = made.Add(1), in.Body.Name
		out.Location = fmt.Sprintf("/v1/things/%d", out.Body.N)
		if err := function.Remember(ctx, out); err != nil {
			return nil, err
		}
		if r := dcoder.ReplayOf(ctx); r != nil {
			return out, n.store(ctx, r)
		}
		return out, nil
	}, function.Allow(dcoder.KeysWrite)))
}

func TestIdempotencyKey(t *testing.T) {
	n, made := newNotebook(), new(atomic.Int64)
	h := host(t, function.Wiring{Replays: n}, maker(n, made, func() {}))
	post := func(body string, headers ...string) *httptest.ResponseRecorder {
		return ask(h, "POST", "/v1/things", body, headers...)
	}
	first := post(`{"name":"a"}`, "Idempotency-Key", "k1")
	require.Equal(t, 201, first.Code, first.Body)
	require.Empty(t, first.Header().Get("Idempotent-Replayed"))

	again := post(`{"name":"a"}`, "Idempotency-Key", "k1")
	require.Equal(t, 201, again.Code)
	require.Equal(t, first.Body.String(), again.Body.String())
	require.Equal(t, "/v1/things/1", again.Header().Get("Location"))
	require.Equal(t, "true", again.Header().Get("Idempotent-Replayed"))
	require.NotEqual(t, first.Header().Get("X-Request-Id"), again.Header().Get("X-Request-Id"))
	require.EqualValues(t, 1, made.Load())

	other := post(`{"name":"b"}`, "Idempotency-Key", "k1")
	require.Equal(t, 422, other.Code)
	require.Equal(t, "idempotency_key_reused", decode[function.ErrorAnswer](t, other.Body.Bytes()).Error.Code)
	require.Equal(t, "false", other.Header().Get("X-Should-Retry"))
}

func TestIdempotencyKeysBelongToTheirTenantAndCredential(t *testing.T) {
	n, made := newNotebook(), new(atomic.Int64)
	h := host(t, function.Wiring{Replays: n}, maker(n, made, func() {}))
	ask(h, "POST", "/v1/things", `{"name":"a"}`, "Idempotency-Key", "k1")
	w := ask(h, "POST", "/v1/things", `{"name":"a"}`, "Idempotency-Key", "k1", "Authorization", "Bearer evil")
	require.Equal(t, 201, w.Code)
	require.Empty(t, w.Header().Get("Idempotent-Replayed"))

	h = host(t, function.Wiring{Replays: n, Identifier: otherKey{}}, maker(n, made, func() {}))
	w = ask(h, "POST", "/v1/things", `{"name":"a"}`, "Idempotency-Key", "k1")
	require.Equal(t, 422, w.Code, "another credential of the tenant must not see the first one's answer")
}

type otherKey struct{}

func (otherKey) Identify(ctx context.Context, _ *http.Request, _ bool) (context.Context, *dcoder.Principal, error) {
	return ctx, &dcoder.Principal{Tenant: "acme", Key: "another", Permissions: []dcoder.Permission{dcoder.KeysWrite}}, nil
}

func TestOnlyOneOfManyRunsUnderAKey(t *testing.T) {
	n, made := newNotebook(), new(atomic.Int64)
	entered, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h := host(t, function.Wiring{Replays: n}, maker(n, made, func() {
		once.Do(func() { close(entered) })
		<-leave
	}))
	first := make(chan *httptest.ResponseRecorder, 1)
	go func() { first <- ask(h, "POST", "/v1/things", `{"name":"a"}`, "Idempotency-Key", "k1") }()
	<-entered
	for range 5 {
		w := ask(h, "POST", "/v1/things", `{"name":"a"}`, "Idempotency-Key", "k1")
		require.Equal(t, 409, w.Code)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Equal(t, "idempotency_key_running", decode[function.ErrorAnswer](t, w.Body.Bytes()).Error.Code)
	}
	close(leave)
	require.Equal(t, 201, (<-first).Code)
	require.EqualValues(t, 1, made.Load())

	var all sync.WaitGroup
	var replayed atomic.Int64
	for range 20 {
		all.Go(func() {
			if w := ask(h, "POST", "/v1/things", `{"name":"a"}`, "Idempotency-Key", "k1"); w.Header().Get("Idempotent-Replayed") == "true" {
				replayed.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, made.Load())
	require.Positive(t, replayed.Load())
	require.Empty(t, n.running, "every claim was released")
}

func TestAFailedRequestFreesItsKey(t *testing.T) {
	n, made := newNotebook(), new(atomic.Int64)
	fail := true
	h := host(t, function.Wiring{Replays: n}, maker(n, made, func() {
		if fail {
			panic("died half way")
		}
	}))
	require.Equal(t, 500, ask(h, "POST", "/v1/things", `{"name":"a"}`, "Idempotency-Key", "k1").Code)
	fail = false
	require.Equal(t, 409, ask(h, "POST", "/v1/things", `{"name":"wrong"}`, "Idempotency-Key", "k1").Code)
	require.Equal(t, 201, ask(h, "POST", "/v1/things", `{"name":"a"}`, "Idempotency-Key", "k1").Code)
	require.Equal(t, 400, ask(h, "POST", "/v1/things", `{"name":"a"}`, "Idempotency-Key", string(make([]byte, 300))).Code)
	require.EqualValues(t, 1, made.Load())
}

func TestWithoutAKeyNothingIsAskedOfTheStore(t *testing.T) {
	made := new(atomic.Int64)
	h := host(t, function.Wiring{Replays: &deadReplays{}}, maker(nil, made, func() {}))
	require.Equal(t, 201, ask(h, "POST", "/v1/things", `{"name":"a"}`).Code)
	require.Equal(t, 503, ask(h, "POST", "/v1/things", `{"name":"a"}`, "Idempotency-Key", "k").Code)
}

type deadReplays struct{ notebook }

func (*deadReplays) Claim(context.Context, string, string) (func(), bool, error) {
	return nil, false, dcoder.Unavailable("store_unreachable", "try again", 0, nil)
}
