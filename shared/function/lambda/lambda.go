// Package lambda serves functions inside AWS Lambda: requests of function URLs and
// of API Gateway (streamed where the front can), events of SQS and EventBridge, and
// the rounds of a schedule. Behind all of them stands the one function.Host.
//
// Nothing runs between two invocations: the process is frozen. So there are no
// workers here; what an invocation leaves to be done (usage to settle and to
// relay) is done before its answer ends, and what a killed one left is found by
// the rounds. The package reads what Lambda brings and opens nothing by itself.
package lambda

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// Options is what a deployable is made of under Lambda.
type Options struct {
	Funcs       []function.Func
	Identifier  function.Identifier
	Authorizer  function.Authorizer
	Replays     function.Replays
	DeadLetters DeadLetters // nil: what gives up is left to the queue's own redrive policy
	StreamREST  bool        // the REST API in front has responseTransferMode STREAM
	Settle      []Hook      // run in order at the end of each invocation, before its answer ends
	Rounds      []Round     // run when a schedule asks
	OnDrain     []Hook      // run in order when the environment goes away
}

// Hook is a step at an end; its context bounds it.
type Hook func(ctx context.Context) error

// Round is something that a schedule does again and again.
type Round struct {
	Name  string
	Every time.Duration // below a minute: at every call of the schedule
	Do    func(ctx context.Context) error
}

// DeadLetters takes events that a repeat would fail the same way. Bury returns
// when the letter is held.
type DeadLetters interface {
	Bury(ctx context.Context, body, function string, why dispatch.Reason) error
}

// Door is the one handler of all invocations. Build it with New.
type Door struct {
	options Options
	host    http.Handler
	secret  string // signs what the queues brought, for the host's event door
}

// New builds the door. It opens nothing.
func New(o Options) (*Door, error) {
	d := &Door{options: o, secret: rand.Text()}
	started := time.Now()
	host, err := function.NewHost(function.Wiring{
		Identifier: o.Identifier, Authorizer: o.Authorizer, Replays: o.Replays, EventSecrets: []string{d.secret},
		Status: func() function.Status {
			return function.Status{Ready: true, Version: os.Getenv("AWS_LAMBDA_FUNCTION_VERSION"), Started: started}
		},
	}, o.Funcs...)
	if err != nil {
		return nil, err
	}
	d.host = host
	return d, nil
}

// Run serves until Lambda ends the process; it returns only when it cannot begin.
func Run(o Options) error {
	d, err := New(o)
	if err != nil {
		return err
	}
	runtime.StartWithOptions(d.Handle, runtime.WithEnableSIGTERM(d.drain))
	return nil
}

// lastWords is what Lambda leaves a process after SIGTERM, with one extension.
const lastWords = 1500 * time.Millisecond

func (d *Door) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	if err := run(ctx, d.options.OnDrain); err != nil {
		slog.Error("the drain failed", "error", err.Error())
	}
	slog.Info("drained")
}

// settle does what the invocation left, within what its deadline leaves.
func (d *Door) settle(ctx context.Context) {
	bound := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		bound, cancel = context.WithDeadline(bound, deadline)
		defer cancel()
	}
	if err := run(bound, d.options.Settle); err != nil {
		slog.ErrorContext(ctx, "an invocation left something undone; the schedule will find it", "error", err.Error())
	}
}

// run runs all hooks, whatever fails.
func run(ctx context.Context, hooks []Hook) error {
	var errs []error
	for _, hook := range hooks {
		errs = append(errs, hook(ctx))
	}
	return errors.Join(errs...)
}

// RefuseStart tells Lambda why the process cannot begin, so that the reason stands
// in the invocation's error rather than "exit status 1". Source: AWS Lambda
// developer guide, "Using the Lambda runtime API", initialization error.
func RefuseStart(cause error) {
	body := fmt.Sprintf(`{"errorType":"Dcoder.Start","errorMessage":%q}`, cause.Error())
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
	client := http.Client{Timeout: lastWords}
	answer, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		slog.Error("Lambda could not be told why the process ends", "error", err.Error())
		return
	}
	_ = answer.Body.Close()
}
