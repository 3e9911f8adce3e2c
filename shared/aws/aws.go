// Package aws is the platform's way out through Amazon's services where it runs
// on them: events to SQS queues and to an EventBridge bus, dead letters, and
// configuration from Secrets Manager.
//
// It is linked by builds for AWS Lambda alone, knows no rule of delivery, and
// does not receive: Lambda's event sources do, and package lambda reads what they
// bring. Nothing connects before its first use. The clients are built without the
// SDK's configuration module, which would look through files and metadata services
// that a function does not have.
package aws

import (
	"context"
	"errors"
	"os"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Config says where the services are, and who asks.
type Config struct {
	Region      string
	Endpoint    string // of all services; empty: Amazon's own
	Credentials sdk.CredentialsProvider
}

// FromEnv takes what Lambda puts into a function's environment: AWS_REGION, the
// role's credentials, and AWS_ENDPOINT_URL where somebody set it.
func FromEnv() Config {
	return Config{
		Region: os.Getenv("AWS_REGION"), Endpoint: os.Getenv("AWS_ENDPOINT_URL"),
		Credentials: sdk.CredentialsProviderFunc(environment),
	}
}

var errNoCredentials = errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")

func environment(context.Context) (sdk.Credentials, error) {
	c := sdk.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: os.Getenv("AWS_SESSION_TOKEN"), Source: "environment",
	}
	if !c.HasKeys() {
		return c, errNoCredentials
	}
	return c, nil
}

// base is the address of all services, nil for Amazon's own.
func (c Config) base() *string {
	if c.Endpoint == "" {
		return nil
	}
	return &c.Endpoint
}

// MostEvent is what an event's data may have in bytes to fit into one entry of
// every service, whatever quota the account has: 256 KiB, less what stands around.
const MostEvent = 200 << 10

// mostEntry and mostBatch bound one entry and one call, bytes and entries.
const (
	mostEntry = 256 << 10
	mostBatch = 10
)

func tooLarge(e dcoder.Envelope) error {
	return &dcoder.Error{Status: 413, Code: "event_too_large", Message: "the event " + e.ID + " is larger than the queue takes"}
}
