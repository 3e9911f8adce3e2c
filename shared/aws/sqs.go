package aws

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Queues publishes events to SQS: each to the queues of those who hear its type.
type Queues struct {
	client *sqs.Client
	routes Routes
}

var _ dcoder.Publisher = (*Queues)(nil)

// Routes gives the queues' addresses by event type. What no queue hears is
// dropped, as a bus without a rule does.
type Routes map[string][]string

// ParseRoutes reads "usage.recorded=https://sqs...,budget.reached=https://sqs...";
// a type may stand several times.
func ParseRoutes(s string) (Routes, error) {
	out := Routes{}
	for _, pair := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		kind, url, ok := strings.Cut(pair, "=")
		if !ok || kind == "" || !strings.HasPrefix(url, "http") {
			return nil, fmt.Errorf("%q is not type=https://address-of-a-queue", pair)
		}
		out[kind] = append(out[kind], url)
	}
	return out, nil
}

// NewQueues returns a publisher to queues.
func NewQueues(c Config, routes Routes) *Queues { return &Queues{client(c), routes} }

func client(c Config) *sqs.Client {
	return sqs.New(sqs.Options{Region: c.Region, Credentials: c.Credentials, BaseEndpoint: c.base()})
}

// Publish implements dcoder.Publisher.
func (q *Queues) Publish(ctx context.Context, events ...dcoder.Envelope) error {
	all, err := entriesOf(events)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	byQueue := map[string][]entry{}
	for _, e := range all {
		for _, url := range q.routes[e.event.Type] {
			byQueue[url] = append(byQueue[url], e)
		}
	}
	for url, entries := range byQueue {
		for _, batch := range batches(entries) {
			if err := q.send(ctx, url, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// send sends one batch; the service may take a part of it.
func (q *Queues) send(ctx context.Context, url string, batch []entry) error {
	in := sqs.SendMessageBatchInput{QueueUrl: &url}
	for i, e := range batch {
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: sdk.String(strconv.Itoa(i)), MessageBody: sdk.String(e.body)})
	}
	out, err := q.client.SendMessageBatch(ctx, &in)
	if err != nil {
		return unavailable(fmt.Errorf("send %d events to %s: %w", len(batch), url, err))
	}
	if len(out.Failed) > 0 {
		f := out.Failed[0]
		return unavailable(fmt.Errorf("send to %s: %d of %d events refused: %s: %s", url, len(out.Failed), len(batch), sdk.ToString(f.Code), sdk.ToString(f.Message)))
	}
	return nil
}
