package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// invocation is what Lambda may bring, in one: fields of a function URL and of
// API Gateway's payload 2.0, of its payload 1.0 (REST), of SQS, and of EventBridge.
type invocation struct {
	Version string `json:"version"`

	RawPath        string            `json:"rawPath"`
	RawQuery       string            `json:"rawQueryString"`
	Cookies        []string          `json:"cookies"`
	Headers        map[string]string `json:"headers"`
	Body           string            `json:"body"`
	IsBase64       bool              `json:"isBase64Encoded"`
	RequestContext requestContext    `json:"requestContext"`

	Method            string              `json:"httpMethod"`
	Path              string              `json:"path"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Query             map[string]string   `json:"queryStringParameters"`
	MultiValueQuery   map[string][]string `json:"multiValueQueryStringParameters"`

	Records []record `json:"Records"`

	busEvent
}

type requestContext struct {
	DomainName string `json:"domainName"`
	Stage      string `json:"stage"`
	HTTP       struct {
		Method   string `json:"method"`
		SourceIP string `json:"sourceIp"`
	} `json:"http"`
	Identity struct {
		SourceIP string `json:"sourceIp"`
	} `json:"identity"`
}

// record is one message of a queue.
type record struct {
	MessageID   string `json:"messageId"`
	Body        string `json:"body"`
	EventSource string `json:"eventSource"`
	Attributes  struct {
		ReceiveCount string `json:"ApproximateReceiveCount"`
	} `json:"attributes"`
}

// busEvent is an event as EventBridge writes it.
type busEvent struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Time       time.Time       `json:"time"`
	Detail     json.RawMessage `json:"detail"`
}

// Handle serves one invocation. It is what aws-lambda-go calls; a reader among its
// answers is streamed.
func (d *Door) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var in invocation
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("the payload is none that Lambda's fronts write: %w", err)
	}
	switch {
	case in.RequestContext.HTTP.Method != "" || in.Method != "":
		return d.web(ctx, &in)
	case len(in.Records) > 0 && in.Records[0].EventSource == "aws:sqs":
		defer d.settle(ctx)
		return d.messages(ctx, in.Records), nil
	case isSchedule(&in.busEvent):
		defer d.settle(ctx)
		return nil, d.rounds(ctx, in.Time)
	case in.DetailType != "":
		defer d.settle(ctx)
		return nil, d.event(ctx, raw, &in.busEvent)
	}
	return nil, fmt.Errorf("nothing here takes this kind of invocation: no request, no SQS message, no EventBridge event")
}

// isSchedule knows EventBridge's own ticks, and those of EventBridge Scheduler with
// the payload {"detail-type":"Scheduled Event"}.
func isSchedule(e *busEvent) bool {
	return e.DetailType == "Scheduled Event" && (e.Source == "" || strings.HasPrefix(e.Source, "aws."))
}
