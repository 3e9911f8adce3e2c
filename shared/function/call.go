package function

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// typed is a Call's method behind its types.
type typed interface {
	register(api huma.API, op huma.Operation)
}

type call[In, Out any] struct {
	method func(context.Context, *In) (*Out, error)
}

func (c call[In, Out]) register(api huma.API, op huma.Operation) {
	huma.Register(api, op, func(ctx context.Context, in *In) (*Out, error) {
		rec := recorderOf(ctx)
		if rec.replay != nil {
			out := new(Out)
			if err := json.Unmarshal(rec.replay, out); err != nil {
				rec.err = fmt.Errorf("decode the remembered answer of %s %s: %w", op.Method, op.Path, err)
			}
			return out, nil
		}
		out, err := c.method(ctx, in)
		rec.err = err
		return out, nil // huma writes no error of ours: it knows neither its code nor its field
	})
}

// recorder holds what huma answers until it is known whether it is an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	err    error
	replay []byte // the answer of an earlier request under the same key
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

type recorderKey struct{}

func recorderOf(ctx context.Context) *recorder { return ctx.Value(recorderKey{}).(*recorder) }

// serveCall reads the body under its limits, lets huma decode, validate and
// encode, and sends the answer as a whole.
func serveCall(op *huma.Operation, handle func(huma.Context)) work {
	return func(x *exchange, r *http.Request) error {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		if err := checkJSON(r.Header.Get("Content-Type"), raw); err != nil {
			return err
		}
		ctx, again, err := x.claim(r, raw)
		if err != nil {
			return err
		}
		defer again.release()
		rec := &recorder{header: http.Header{}, replay: again.answer}
		r = r.WithContext(context.WithValue(ctx, recorderKey{}, rec))
		r.Body = io.NopCloser(bytes.NewReader(raw))
		handle(humago.NewContext(op, r, rec))
		if rec.err != nil {
			return rec.err
		}
		if again.forgotten() {
			x.endpoint.host.wiring.Log.WarnContext(ctx, "the answer under an Idempotency-Key was not remembered", "route", x.endpoint.route.pattern())
		}
		if again.answer != nil {
			rec.header.Set(dcoder.HeaderReplayed, "true")
		}
		return x.send(rec)
	}
}

func (x *exchange) send(rec *recorder) error {
	h := x.Header()
	for name, values := range rec.header {
		h[name] = values
	}
	status := rec.status
	if status == 0 {
		status = http.StatusOK
	}
	if status != http.StatusNoContent && status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(rec.body.Len()))
	}
	h.Set("X-Content-Type-Options", "nosniff")
	x.WriteHeader(status)
	_, _ = x.Write(rec.body.Bytes()) // the client may be gone
	return nil
}

// newAPI registers the Calls of the functions with huma, and returns the work of
// each by its pattern.
func newAPI(funcs []Func) (api huma.API, handlers map[string]work, err error) {
	a := adapter{}
	api = huma.NewAPI(humaConfig(), a)
	defer func() {
		if p := recover(); p != nil { // huma panics on types that it cannot describe
			err = fmt.Errorf("describe the functions' types: %v", p)
		}
	}()
	handlers = map[string]work{}
	for _, f := range funcs {
		for _, r := range f.Routes {
			if r.typed == nil {
				continue
			}
			op := operation(f.Name, r)
			r.typed.register(api, *op)
			handlers[r.pattern()] = serveCall(op, a[op.OperationID])
		}
	}
	return api, handlers, nil
}

// adapter collects what huma registers, by operation id; the routing is ours.
type adapter map[string]func(huma.Context)

// Handle implements huma.Adapter.
func (a adapter) Handle(op *huma.Operation, h func(huma.Context)) { a[op.OperationID] = h }

// ServeHTTP implements huma.Adapter.
func (a adapter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "not routed here", http.StatusNotFound)
}

// humaConfig is huma with its defaults mended: our errors, no $schema and no
// routes of its own.
func humaConfig() huma.Config {
	config := huma.DefaultConfig("D.Coder", apiVersion)
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	config.RejectUnknownQueryParameters = true
	config.Transformers = []huma.Transformer{keepError}
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	config.Formats = map[string]huma.Format{"application/json": format, "json": format}
	return config
}

// keepError takes huma's own errors away from huma, since it would write the
// rejected values, secrets among them.
func keepError(ctx huma.Context, _ string, v any) (any, error) {
	if e, ok := v.(huma.StatusError); ok {
		recorderOf(ctx.Context()).err = invalid(e)
		return nil, nil
	}
	return v, nil
}
