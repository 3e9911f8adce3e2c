package aws

import (
	"context"
	"fmt"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Bus publishes events to an EventBridge bus, whose rules bring them to queues.
// source and detail-type are the event's own, for rules to match; the detail is
// the whole event in the JSON event format, so nothing is lost on the way.
type Bus struct {
	client *eventbridge.Client
	name   string
}

var _ dcoder.Publisher = (*Bus)(nil)

// NewBus returns a publisher to the bus of that name or ARN.
func NewBus(c Config, name string) *Bus {
	return &Bus{eventbridge.New(eventbridge.Options{Region: c.Region, Credentials: c.Credentials, BaseEndpoint: c.base()}), name}
}

// SourceOf is an event's source as EventBridge has it: "dcoder.chat" for "/chat".
// "aws." is Amazon's own prefix, so ours always begins with "dcoder.".
func SourceOf(e dcoder.Envelope) string {
	return "dcoder." + strings.ReplaceAll(strings.Trim(e.Source, "/"), "/", ".")
}

// Publish implements dcoder.Publisher.
func (b *Bus) Publish(ctx context.Context, events ...dcoder.Envelope) error {
	all, err := entriesOf(events)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for _, batch := range batches(all) {
		if err := b.put(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// put puts one batch; the service may take a part of it.
func (b *Bus) put(ctx context.Context, batch []entry) error {
	in := eventbridge.PutEventsInput{}
	for _, e := range batch {
		one := types.PutEventsRequestEntry{
			EventBusName: &b.name, Source: sdk.String(SourceOf(e.event)), DetailType: sdk.String(e.event.Type), Detail: sdk.String(e.body),
		}
		if !e.event.Time.IsZero() {
			one.Time = sdk.Time(e.event.Time)
		}
		in.Entries = append(in.Entries, one)
	}
	out, err := b.client.PutEvents(ctx, &in)
	if err != nil {
		return unavailable(fmt.Errorf("put %d events on the bus %s: %w", len(batch), b.name, err))
	}
	if out.FailedEntryCount > 0 {
		return unavailable(fmt.Errorf("the bus %s refused %d of %d events: %s", b.name, out.FailedEntryCount, len(batch), firstFault(out.Entries)))
	}
	return nil
}

func firstFault(entries []types.PutEventsResultEntry) string {
	for _, e := range entries {
		if e.ErrorCode != nil {
			return sdk.ToString(e.ErrorCode) + ": " + sdk.ToString(e.ErrorMessage)
		}
	}
	return "no reason given"
}
