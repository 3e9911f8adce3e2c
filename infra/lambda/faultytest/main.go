// Command faultytest is a deployable whose functions panic and break off, so that
// tests can see what a compiled bootstrap makes of it. It serves nobody else.
package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"

	_ "github.com/d-coder-ai/dcoder/functions/cmd/wiring" // registers Lambda in builds with its tag
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
)

func main() {
	os.Exit(serve.Main(func() (serve.Options, error) {
		return serve.Options{
			Funcs:   []function.Func{faulty()},
			OnDrain: []serve.Hook{func(context.Context) error { return nil }},
		}, nil
	}))
}

func faulty() function.Func {
	return function.New("faulty",
		function.Handle("GET /panic", func(http.ResponseWriter, *http.Request) error { panic("before the first byte") }, function.Public()),
		function.Handle("GET /breaks", func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = io.WriteString(w, "half")
			panic("after the first byte")
		}, function.Public()),
		function.On(func(_ context.Context, e dcoder.Event[dcoder.KeyRevoked]) error {
			if e.Value.Reason == "panic" {
				panic("in an event")
			}
			return errors.New("never done")
		}),
	)
}
