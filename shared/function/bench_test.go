package function_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// fixed identifies everyone without work, so that the chain alone is measured.
type fixed struct{ p dcoder.Principal }

func (f *fixed) Identify(ctx context.Context, _ *http.Request, _ bool) (context.Context, *dcoder.Principal, error) {
	return ctx, &f.p, nil
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// SetReadDeadline is what a server's own writer offers.
func (d discard) SetReadDeadline(time.Time) error { return nil }

// BenchmarkHandle is the chain's overhead on a Handle route, beside the bare
// mux in the same run.
func BenchmarkHandle(b *testing.B) {
	work := func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) { _ = work(w, r) })
	chat := function.New("chat", function.Handle("POST /v1/chat/completions", work, function.Allow(dcoder.ModelsUse)))
	w := function.Wiring{Identifier: &fixed{dcoder.Principal{Tenant: "acme", Permissions: []dcoder.Permission{dcoder.ModelsUse}}}}
	b.Run("bare mux", func(b *testing.B) { drive(b, mux, `{"model":"m"}`) })
	b.Run("chain", func(b *testing.B) { drive(b, host(b, w, chat), `{"model":"m"}`) })
}

// BenchmarkCall is a typed route as a whole, huma included.
func BenchmarkCall(b *testing.B) {
	w := function.Wiring{Identifier: &fixed{dcoder.Principal{Tenant: "acme", Permissions: []dcoder.Permission{dcoder.KeysWrite}}}}
	f := function.New("f", function.Call("POST /v1/chat/completions", func(_ context.Context, in *makeIn) (*makeOut, error) {
		return &makeOut{Status: 201}, nil
	}, function.Allow(dcoder.KeysWrite)))
	drive(b, host(b, w, f), `{"name":"a"}`)
}

func drive(b *testing.B, h http.Handler, body string) {
	b.ReportAllocs()
	r := httptest.NewRequest("POST", "/v1/chat/completions", http.NoBody)
	r.ContentLength = int64(len(body))
	for _, name := range []string{"Authorization", "Content-Type", "User-Agent", "Accept", "Accept-Encoding", "X-Stainless-Lang", "X-Stainless-Os", "X-Stainless-Retry-Count"} {
		r.Header.Set(name, "application/json")
	}
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(body))
		h.ServeHTTP(discard{http.Header{}}, r)
	}
}

// BenchmarkStart builds a host of 40 typed operations, as a start does.
func BenchmarkStart(b *testing.B) {
	quiet := slog.New(slog.DiscardHandler)
	for _, n := range []int{0, 40} {
		var parts []function.Part
		for i := range n {
			parts = append(parts, function.Call(fmt.Sprintf("PUT /v1/things%d/{id}", i), func(context.Context, *putIn) (*putOut, error) { return nil, nil }, function.Public()))
		}
		f := function.New("f", parts...)
		b.Run(fmt.Sprintf("%d operations", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := function.NewHost(function.Wiring{Log: quiet}, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
