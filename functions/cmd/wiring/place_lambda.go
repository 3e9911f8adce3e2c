//go:build lambda

package wiring

import (
	"context"
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/aws"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function/lambda"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
)

// A build with the tag lambda runs on AWS Lambda as well as on a port.
func init() {
	serve.Elsewhere(serve.Place{Prepare: prepareLambda, Run: runLambda, Refuse: lambda.RefuseStart})
}

// noBroker stands for the broker's address where events go through AWS. Nothing
// connects to it.
const noBroker = "nats://none.invalid:4222"

// prepareLambda adds what Secrets Manager holds to the environment; what stands
// there already stays.
func prepareLambda(ctx context.Context) error {
	var c settings.Lambda
	if err := config.Load(&c); err != nil {
		return err
	}
	values := map[string]string{}
	if len(c.Secrets) > 0 {
		var err error
		if values, err = aws.Secrets(ctx, aws.FromEnv(), c.Secrets...); err != nil {
			return err
		}
	}
	if c.EventBus != "" || c.EventQueues != "" {
		if _, named := values["DCODER_NATS_URL"]; !named {
			values["DCODER_NATS_URL"] = noBroker
		}
	}
	for name, value := range values {
		if os.Getenv(name) != "" || os.Getenv(name+"_FILE") != "" {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// runLambda hands a deployable's options to package lambda. Workers are left out:
// what they do, Settle does at the end of each invocation, and Rounds on a schedule.
func runLambda(o serve.Options) error {
	var c settings.Lambda
	if err := config.Load(&c); err != nil {
		return err
	}
	out := lambda.Options{
		Funcs: o.Funcs, Identifier: o.Identifier, Authorizer: o.Authorizer, Replays: o.Replays, StreamREST: c.StreamREST,
	}
	if c.DeadLetterQueue != "" {
		out.DeadLetters = aws.NewLetters(aws.FromEnv(), c.DeadLetterQueue)
	}
	for _, h := range o.Settle {
		out.Settle = append(out.Settle, lambda.Hook(h))
	}
	for _, h := range o.OnDrain {
		out.OnDrain = append(out.OnDrain, lambda.Hook(h))
	}
	for _, r := range o.Rounds {
		out.Rounds = append(out.Rounds, lambda.Round(r))
	}
	return lambda.Run(out)
}
