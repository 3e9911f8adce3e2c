package awssim

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

// Source hands a queue's messages to a function as Lambda's event source mapping
// does: what the function names as failed comes again, and after Receives tries
// goes to the dead letters; what it does not name is deleted.
type Source struct {
	Server   *Server
	Queue    string
	Dead     string // queue of dead letters
	Batch    int    // most messages of one invocation; 0: 10
	Receives int    // tries; 0: 3
	Invoke   func(ctx context.Context, payload []byte) (raw []byte, failed bool, err error)
}

// Once brings one batch and returns how many messages that were.
func (s *Source) Once(ctx context.Context) (int, error) {
	most := s.Batch
	if most == 0 {
		most = 10
	}
	messages := s.Server.Take(s.Queue, most)
	if len(messages) == 0 {
		return 0, nil
	}
	raw, failed, err := s.Invoke(ctx, payload(s.Queue, messages))
	if err != nil {
		return 0, err
	}
	again, err := failures(raw, failed, messages)
	if err != nil {
		return 0, err
	}
	limit := s.Receives
	if limit == 0 {
		limit = 3
	}
	for _, m := range messages {
		switch {
		case !again[m.ID]:
		case m.Received >= limit:
			s.Server.Return(s.Dead, m)
		default:
			s.Server.Return(s.Queue, m)
		}
	}
	return len(messages), nil
}

// failures names the messages that come again: all of a failed invocation.
func failures(raw []byte, failed bool, messages []Message) (map[string]bool, error) {
	again := map[string]bool{}
	if failed {
		for _, m := range messages {
			again[m.ID] = true
		}
		return again, nil
	}
	var out struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("the function's answer to a batch is not its report: %w", err)
	}
	for _, f := range out.BatchItemFailures {
		again[f.ItemIdentifier] = true
	}
	return again, nil
}

func payload(queue string, messages []Message) []byte {
	records := make([]map[string]any, len(messages))
	for i, m := range messages {
		records[i] = map[string]any{
			"messageId": m.ID, "receiptHandle": "handle", "body": m.Body, "md5OfBody": sum(m.Body), "eventSource": "aws:sqs",
			"eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:" + queue, "awsRegion": "eu-central-1",
			"attributes":        map[string]string{"ApproximateReceiveCount": strconv.Itoa(m.Received), "SentTimestamp": "1", "SenderId": "a"},
			"messageAttributes": map[string]any{},
		}
	}
	raw, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		panic(err) // texts only
	}
	return raw
}
