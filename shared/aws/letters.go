package aws

import (
	"context"
	"fmt"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/d-coder-ai/dcoder/shared/dispatch"
)

// Letters puts events that gave up into a dead-letter queue, as they came, with
// the reason in message attributes.
type Letters struct {
	client *sqs.Client
	url    string
}

// NewLetters returns the dead letters of a queue's address.
func NewLetters(c Config, url string) *Letters { return &Letters{client(c), url} }

// Bury returns when the queue holds the letter.
func (l *Letters) Bury(ctx context.Context, body, function string, why dispatch.Reason) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	attributes := map[string]types.MessageAttributeValue{}
	for name, value := range map[string]string{
		"DcoderFunction": function, "DcoderCode": why.Code, "DcoderStatus": strconv.Itoa(why.Status), "DcoderFailures": strconv.Itoa(why.Failures),
	} {
		if value != "" {
			attributes[name] = types.MessageAttributeValue{DataType: sdk.String("String"), StringValue: sdk.String(value)}
		}
	}
	_, err := l.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &l.url, MessageBody: &body, MessageAttributes: attributes})
	if err != nil {
		return unavailable(fmt.Errorf("send a dead letter to %s: %w", l.url, err))
	}
	return nil
}
