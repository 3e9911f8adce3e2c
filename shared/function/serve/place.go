package serve

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/telemetry"
)

// Place is where a deployable runs that does not listen on a port: AWS Lambda.
// Wiring registers it in builds that link it, so that the others stay small.
type Place struct {
	Prepare func(ctx context.Context) error // before any configuration is read
	Run     func(Options) error             // until the place ends the process
	Refuse  func(cause error)               // tells the place why the process cannot begin
}

// Round is what a worker does again and again, for places where nothing runs
// between requests: there a schedule asks for it.
type Round struct {
	Name  string
	Every time.Duration
	Do    func(ctx context.Context) error
}

var elsewhere *Place

// Elsewhere registers the place that Main runs at when Lambda started the process.
// Call it before Main.
func Elsewhere(p Place) { elsewhere = &p }

// runtimeAPI is set by Lambda alone.
const runtimeAPI = "AWS_LAMBDA_RUNTIME_API"

var errNoPlace = errors.New(runtimeAPI + " is set, and this build cannot run on AWS Lambda: build it with -tags lambda,lambda.norpc (make lambda)")

// mainElsewhere is Main at another place.
func mainElsewhere(wire func() (Options, error)) int {
	if elsewhere == nil {
		return failed(slog.Default(), errNoPlace)
	}
	if err := begin(wire); err != nil {
		elsewhere.Refuse(err)
		return failed(slog.Default(), err)
	}
	return 0
}

func begin(wire func() (Options, error)) error {
	if err := elsewhere.Prepare(context.Background()); err != nil {
		return err
	}
	var process config.Process
	if err := config.Load(&process); err != nil {
		return err
	}
	log, err := telemetry.New(os.Stderr, process.LogLevel, process.LogFormat)
	if err != nil {
		return err
	}
	slog.SetDefault(log)
	megabytes, _ := strconv.ParseInt(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 64) // absent: no limit
	limitMemory(megabytes << 20)
	options, err := wire()
	if err != nil {
		return err
	}
	return elsewhere.Run(options)
}
