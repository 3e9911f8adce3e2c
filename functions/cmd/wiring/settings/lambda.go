package settings

// Lambda is read beside a deployable's own struct where AWS Lambda runs it.
type Lambda struct {
	Secrets         []string `env:"DCODER_SECRETS" example:"dcoder/prod" doc:"secrets of Secrets Manager, names or ARNs: each a JSON object of DCODER_ variables; what the environment sets already stays"`
	EventBus        string   `env:"DCODER_EVENT_BUS" example:"dcoder" doc:"EventBridge bus that events go to, by name or ARN"`
	EventQueues     string   `env:"DCODER_EVENT_QUEUES" example:"usage.recorded=https://sqs.eu-central-1.amazonaws.com/123456789012/usage" doc:"SQS queues that events go to instead, type=address, comma-separated; a type may stand several times"`
	DeadLetterQueue string   `env:"DCODER_DEAD_LETTER_QUEUE" doc:"address of the SQS queue for events that gave up; empty: the source queue's redrive policy alone decides"`
	StreamREST      bool     `env:"DCODER_STREAM_REST" default:"false" doc:"the REST API in front has responseTransferMode STREAM"`
}
