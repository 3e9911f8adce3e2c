package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/lambda/awssim"
	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// rig is a door before a function that tells what it saw.
type rig struct {
	*Door
	settled int
	mu      sync.Mutex
	heard   []string
	letters []dispatch.Reason
}

func (r *rig) Bury(_ context.Context, _, _ string, why dispatch.Reason) error {
	if why.Code == "not_held" {
		return errors.New("the queue is away")
	}
	r.letters = append(r.letters, why)
	return nil
}

func newRig(t *testing.T, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{}
	o := Options{DeadLetters: r, Funcs: []function.Func{function.New("echo",
		function.Handle("POST /echo", echo, function.Public(), function.MaxBody(1<<20)),
		function.Handle("GET /echo/{name}", echo, function.Public()),
		function.Handle("GET /panic", func(http.ResponseWriter, *http.Request) error { panic("before") }, function.Public()),
		function.Handle("GET /breaks", func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = io.WriteString(w, "half")
			return errors.New("the rest is lost")
		}, function.Public()),
		function.Handle("GET /slow", func(w http.ResponseWriter, q *http.Request) error { <-q.Context().Done(); return q.Context().Err() }, function.Public()),
		function.OnBatch(100, func(_ context.Context, tenant string, batch []dcoder.Event[dcoder.UsageRecorded]) []error {
			return r.hear(tenant, batch)
		}),
	)}, Settle: []Hook{func(context.Context) error { r.settled++; return errors.New("is only logged") }}}
	for _, c := range change {
		c(&o)
	}
	d, err := New(o)
	require.NoError(t, err)
	r.Door = d
	return r
}

func (r *rig) hear(tenant string, batch []dcoder.Event[dcoder.UsageRecorded]) []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]error, len(batch))
	ids := []string{}
	for i, e := range batch {
		ids = append(ids, e.ID)
		switch {
		case strings.HasPrefix(e.ID, "again"):
			out[i] = errors.New("the database is away")
		case strings.HasPrefix(e.ID, "never"):
			out[i] = &dcoder.Error{Status: 409, Code: "never", Message: "no"}
		case strings.HasPrefix(e.ID, "lost"):
			out[i] = &dcoder.Error{Status: 409, Code: "not_held", Message: "no"}
		}
	}
	r.heard = append(r.heard, tenant+":"+strings.Join(ids, ","))
	return out
}

func echo(w http.ResponseWriter, q *http.Request) error {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain")
	h.Add("Set-Cookie", "a=1")
	h.Add("Set-Cookie", "b=2")
	cookie, _ := q.Cookie("session")
	_, _ = fmt.Fprintf(w, "%s %s len=%d cookie=%v ip=%s multi=%q ", q.Method, q.URL, q.ContentLength, cookie, q.RemoteAddr, q.Header.Get("X-Multi"))
	h.Set("Too", "late")
	_, _ = w.Write(body)
	return http.NewResponseController(w).Flush()
}

func (r *rig) invoke(t *testing.T, v any) (any, error) {
	t.Helper()
	raw, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		raw = string(b)
	}
	return r.Handle(t.Context(), json.RawMessage(raw))
}

const functionURL = "abc.lambda-url.eu-central-1.on.aws"

func payload2(domain, stage, method, path, query string, more map[string]any) map[string]any {
	out := map[string]any{
		"version": "2.0", "rawPath": path, "rawQueryString": query,
		"requestContext": map[string]any{"domainName": domain, "stage": stage, "http": map[string]string{"method": method, "sourceIp": "192.0.2.7"}},
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func rest(method, path string, more map[string]any) map[string]any {
	out := map[string]any{
		"resource": "/{proxy+}", "httpMethod": method, "path": path,
		"requestContext": map[string]any{"domainName": "api.example.com", "stage": "prod", "identity": map[string]string{"sourceIp": "192.0.2.8"}},
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func TestRequestsOfEveryFront(t *testing.T) {
	binary := base64.StdEncoding.EncodeToString([]byte{0xff, 0x00})
	for _, c := range []struct {
		name string
		in   map[string]any
		want string // of the body
	}{
		{
			"function URL", payload2(functionURL, "$default", "POST", "/echo", "a=1&b=%20", map[string]any{"body": "hi", "cookies": []string{"x=1", "session=s"}, "headers": map[string]string{"x-multi": "1"}}),
			`POST https://` + functionURL + `/echo?a=1&b=%20 len=2 cookie=session=s ip=192.0.2.7:0 multi="1" hi`,
		},
		{
			"HTTP API with a stage", payload2("api.example.com", "dev", "POST", "/dev/echo", "", map[string]any{"body": "hi"}),
			`POST https://api.example.com/echo len=2 cookie= ip=192.0.2.7:0 multi="" hi`,
		},
		{
			"a decoded path", payload2(functionURL, "$default", "GET", "/echo/a b?c%", "", nil),
			`GET https://` + functionURL + `/echo/a%20b%3Fc%25 len=0 cookie= ip=192.0.2.7:0 multi="" `,
		},
		{
			"REST", rest("POST", "/echo", map[string]any{
				"body": base64.StdEncoding.EncodeToString([]byte("hi")), "isBase64Encoded": true, "multiValueQueryStringParameters": map[string][]string{"a": {"1", "2 3"}},
				"headers": map[string]string{"X-Multi": "2"}, "multiValueHeaders": map[string][]string{"X-Multi": {"1", "2"}, "Cookie": {"x=1", "session=s"}},
			}),
			`POST https://api.example.com/echo?a=1&a=2+3 len=2 cookie=session=s ip=192.0.2.8:0 multi="1, 2" hi`,
		},
		{
			"REST, single values", rest("GET", "/echo/x", map[string]any{"queryStringParameters": map[string]string{"a": "1"}, "multiValueHeaders": nil}),
			`GET https://api.example.com/echo/x?a=1 len=0 cookie= ip=192.0.2.8:0 multi="" `,
		},
		{
			"binary", payload2(functionURL, "$default", "POST", "/echo", "", map[string]any{"body": binary, "isBase64Encoded": true}),
			`POST https://` + functionURL + `/echo len=2 cookie= ip=192.0.2.7:0 multi="" ` + "\xff\x00",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			out, err := r.invoke(t, c.in)
			require.NoError(t, err)
			status, body, cookies := read(t, out)
			require.Equal(t, 200, status)
			require.Equal(t, c.want, body)
			require.Equal(t, []string{"a=1", "b=2"}, cookies)
			require.Equal(t, 1, r.settled, "once, before the answer's end")
		})
	}
}

// read reads an answer of any front.
func read(t *testing.T, out any) (status int, body string, cookies []string) {
	t.Helper()
	switch a := out.(type) {
	case *events.LambdaFunctionURLStreamingResponse:
		raw, err := io.ReadAll(a.Body)
		require.NoError(t, err)
		require.NotContains(t, a.Headers, "Too")
		return a.StatusCode, string(raw), a.Cookies
	case events.APIGatewayV2HTTPResponse:
		return a.StatusCode, decoded(t, a.Body, a.IsBase64Encoded), a.Cookies
	case events.APIGatewayProxyResponse:
		return a.StatusCode, decoded(t, a.Body, a.IsBase64Encoded), a.MultiValueHeaders["Set-Cookie"]
	}
	require.Failf(t, "no answer", "%T", out)
	return 0, "", nil
}

func decoded(t *testing.T, body string, is64 bool) string {
	if !is64 {
		return body
	}
	raw, err := base64.StdEncoding.DecodeString(body)
	require.NoError(t, err)
	return string(raw)
}

func TestWhichFrontsAreStreamed(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     any
		rest   bool
		stream bool
	}{
		{"function URL", payload2(functionURL, "$default", "GET", "/echo/x", "", nil), false, true},
		{"HTTP API", payload2("api.example.com", "$default", "GET", "/echo/x", "", nil), true, false},
		{"REST", rest("GET", "/echo/x", nil), false, false},
		{"REST with responseTransferMode STREAM", rest("GET", "/echo/x", nil), true, true},
	} {
		out, err := newRig(t, func(o *Options) { o.StreamREST = c.rest }).invoke(t, c.in)
		require.NoError(t, err, c.name)
		_, is := out.(*events.LambdaFunctionURLStreamingResponse)
		require.Equal(t, c.stream, is, c.name)
		_, _, _ = read(t, out)
	}
}

func TestFailuresBeforeAndAfterTheFirstByte(t *testing.T) {
	r := newRig(t)
	out, err := r.invoke(t, payload2(functionURL, "$default", "GET", "/panic", "", nil))
	require.NoError(t, err)
	status, body, _ := read(t, out)
	require.Equal(t, 500, status)
	require.Contains(t, body, "internal_error")

	out, err = r.invoke(t, payload2(functionURL, "$default", "GET", "/breaks", "", nil))
	require.NoError(t, err)
	raw, err := io.ReadAll(out.(*events.LambdaFunctionURLStreamingResponse).Body)
	require.Equal(t, "half", string(raw))
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, 2, r.settled)

	_, err = r.invoke(t, rest("GET", "/breaks", nil))
	require.ErrorIs(t, err, errBroken, "half an answer is none for a front that does not stream")
}

func TestALateFunctionAnswersBeforeLambdaKillsIt(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	raw, err := json.Marshal(payload2(functionURL, "$default", "GET", "/slow", "", nil))
	require.NoError(t, err)
	out, err := r.Handle(ctx, raw)
	require.NoError(t, err)
	status, body, _ := read(t, out)
	require.Equal(t, 504, status)
	require.Contains(t, body, `"code":"timeout"`)
	require.Equal(t, 1, r.settled)
}

func TestAnAnswerThatIsClosedEndsTheHandlerAndSettles(t *testing.T) {
	r := newRig(t)
	out, err := r.invoke(t, payload2(functionURL, "$default", "POST", "/echo", "", map[string]any{"body": strings.Repeat("x", 1000)}))
	require.NoError(t, err)
	require.NoError(t, out.(io.Closer).Close())
	require.NoError(t, out.(io.Closer).Close())
	require.Equal(t, 1, r.settled)
}

func usage(id, tenant string) dcoder.Envelope {
	return dcoder.Envelope{ID: id, Source: "/chat", Type: "usage.recorded", Tenant: tenant, Data: json.RawMessage(`{"records":[]}`)}
}

func TestABatchOfAQueue(t *testing.T) {
	r, sim := newRig(t), &awssim.Server{}
	bodies := []string{`no event`, `{"detail-type":"x.y","detail":[]}`}
	for _, e := range []dcoder.Envelope{usage("1", "acme00000000"), usage("again", "acme00000000"), usage("2", "other0000000"), usage("never", "acme00000000"), usage("lost", "acme00000000")} {
		raw, err := cehttp.Marshal(e)
		require.NoError(t, err)
		bodies = append(bodies, string(raw))
		if e.ID == "2" { // as a rule of EventBridge hands it on
			bodies[len(bodies)-1] = `{"id":"x","source":"dcoder.chat","detail-type":"usage.recorded","time":"2026-11-22T00:00:00Z","detail":` + string(raw) + `}`
		}
	}
	for _, b := range bodies {
		sim.Return("usage", awssim.Message{ID: b, Body: b})
	}
	source := awssim.Source{Server: sim, Queue: "usage", Dead: "dead", Invoke: func(_ context.Context, raw []byte) ([]byte, bool, error) {
		out, err := r.Handle(t.Context(), raw)
		require.NoError(t, err)
		raw, err = json.Marshal(out)
		return raw, false, err
	}}
	for range 3 {
		_, err := source.Once(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, []string{"acme00000000:1,again,never,lost", "other0000000:2", "acme00000000:again,lost", "acme00000000:again,lost"}, r.heard)
	require.Empty(t, sim.Queue("usage"))
	require.Len(t, sim.Queue("dead"), 2, "the redrive policy took what failed thrice")
	require.Equal(t, []dispatch.Reason{{Status: 400, Code: "not_an_event", Failures: 1}, {Status: 400, Code: "not_an_event", Failures: 1}, {Status: 409, Code: "never", Failures: 1}}, r.letters)
	require.Equal(t, 3, r.settled)
}

func TestABusWithoutAQueue(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Funcs = append(o.Funcs, function.New("foreign", function.On(func(_ context.Context, e dcoder.Event[foreign]) error {
			return fmt.Errorf("%s of %s at %s from %s", e.Value.Order, e.Tenant, e.Time, e.Source)
		})))
	})
	_, err := r.invoke(t, `{"id":"1","source":"shop","detail-type":"order.made","time":"2026-11-22T00:00:00Z","detail":{"order":"7","tenantid":"acme00000000"}}`)
	require.Error(t, err, "Lambda tries again")
	_, err = r.invoke(t, `{"id":"1","source":"shop","detail-type":"nobody.hears","detail":{}}`)
	require.NoError(t, err, "a dead letter")
	require.Equal(t, "unknown_event_type", r.letters[0].Code)
	r.options.DeadLetters = nil
	_, err = r.invoke(t, `{"id":"1","source":"shop","detail-type":"nobody.hears","detail":{}}`)
	require.ErrorIs(t, err, errGaveUp)
}

type foreign struct{ Order string }

func (foreign) EventType() string { return "order.made" }

func TestRoundsAreDueInTurn(t *testing.T) {
	var done []string
	round := func(name string, every time.Duration, err error) Round {
		return Round{name, every, func(context.Context) error { done = append(done, name); return err }}
	}
	r := newRig(t, func(o *Options) {
		o.Rounds = []Round{round("second", time.Second, errors.New("fails")), round("minute", time.Minute, nil), round("five", 5*time.Minute, nil)}
	})
	_, err := r.invoke(t, `{"source":"aws.events","detail-type":"Scheduled Event","time":"2026-11-22T00:04:10Z"}`)
	require.ErrorContains(t, err, "second: fails")
	require.Equal(t, []string{"second", "minute"}, done)
	_, err = r.invoke(t, `{"detail-type":"Scheduled Event","time":"2026-11-22T00:05:10Z"}`)
	require.Error(t, err)
	require.Equal(t, []string{"second", "minute", "second", "minute", "five"}, done)
	require.Empty(t, r.letters)
}

func TestOtherPayloadsAreRefused(t *testing.T) {
	r := newRig(t)
	for _, in := range []string{`{}`, `[]`, `"x"`, `{"Records":[{"eventSource":"aws:s3"}]}`, `{"requestContext":{"http":{"method":"GET"}},"rawPath":"/","body":"!","isBase64Encoded":true}`} {
		_, err := r.invoke(t, in)
		require.Error(t, err, in)
	}
}

// FuzzHandle: nothing that a front may write ends the process.
func FuzzHandle(f *testing.F) {
	f.Add([]byte(`{"requestContext":{"http":{"method":"GET"}},"rawPath":"/echo/%zz"}`))
	f.Add([]byte(`{"httpMethod":"GET","path":"","queryStringParameters":{"":""}}`))
	f.Add([]byte(`{"Records":[{"eventSource":"aws:sqs","body":"{}"}]}`))
	d, err := New(Options{Funcs: []function.Func{function.New("echo", function.Handle("POST /echo", echo, function.Public()))}})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, raw []byte) {
		out, err := d.Handle(t.Context(), raw)
		if c, ok := out.(io.Closer); ok && err == nil {
			require.NoError(t, c.Close())
		}
	})
}
