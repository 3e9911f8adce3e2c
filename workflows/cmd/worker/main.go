// Command worker runs the workflows: a process that polls Temporal, with the
// health routes of every other one. Functions start workflows and never run them.
package main

import (
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/workflows/cmd/wiring"
)

func main() {
	os.Exit(serve.Main(func() (serve.Options, error) {
		var s settings.Worker
		if err := config.Load(&s); err != nil {
			return serve.Options{}, err
		}
		return wiring.Worker(s)
	}))
}
