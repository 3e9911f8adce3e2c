package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
)

// message is one event as it came, and what became of it.
type message struct {
	id       string // of the queue's message
	body     string
	failures int
	event    dcoder.Envelope
	outcome  dispatch.Outcome
}

// messages delivers a batch of a queue and names those that must come again.
func (d *Door) messages(ctx context.Context, records []record) events.SQSEventResponse {
	all := make([]*message, len(records))
	for i, r := range records {
		times, _ := strconv.Atoi(r.Attributes.ReceiveCount) // absent: the first time
		m := &message{id: r.MessageID, body: r.Body, failures: max(times, 1)}
		if m.event, m.outcome.Cause = readEvent([]byte(r.Body)); m.outcome.Cause != nil {
			m.outcome.Status, m.outcome.Code = http.StatusBadRequest, "not_an_event"
		}
		all[i] = m
	}
	d.deliver(ctx, all)
	out := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, m := range all {
		if d.conclude(ctx, m) != nil {
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.id})
		}
	}
	return out
}

// event delivers one event that EventBridge brought without a queue between. An
// error lets Lambda try again, and then send it to the failure destination.
func (d *Door) event(ctx context.Context, raw []byte, e *busEvent) error {
	m := &message{body: string(raw), failures: 1}
	if m.event, m.outcome.Cause = fromBus(e); m.outcome.Cause != nil {
		m.outcome.Status, m.outcome.Code = http.StatusBadRequest, "not_an_event"
	}
	d.deliver(ctx, []*message{m})
	return d.conclude(ctx, m)
}

// deliver hands events to the host's event door: those of one tenant and type
// together, in their order.
func (d *Door) deliver(ctx context.Context, all []*message) {
	type group struct{ tenant, kind string }
	var order []group
	groups := map[group][]*message{}
	for _, m := range all {
		if m.outcome.Status != 0 {
			continue
		}
		g := group{m.event.Tenant, m.event.Type}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], m)
	}
	for _, g := range order {
		for rest := groups[g]; len(rest) > 0; {
			n := min(len(rest), cehttp.MostEvents)
			d.hand(ctx, rest[:n])
			rest = rest[n:]
		}
	}
}

// hand delivers one signed batch; what the door says of it stands in the outcomes.
func (d *Door) hand(ctx context.Context, batch []*message) {
	list := make([]dcoder.Envelope, len(batch))
	for i, m := range batch {
		list[i] = m.event
	}
	answers, err := d.post(ctx, list)
	for i, m := range batch {
		if err != nil {
			m.outcome = dispatch.Outcome{Cause: err}
			continue
		}
		m.outcome = dispatch.Outcome{Status: answers[i].Status, Code: answers[i].Code}
	}
}

func (d *Door) post(ctx context.Context, list []dcoder.Envelope) (answers []eventAnswer, err error) {
	header := http.Header{}
	body, err := cehttp.WriteBatch(header, list)
	if err != nil {
		return nil, err
	}
	cehttp.Sign(header, body, d.secret, time.Now())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://lambda/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = header
	answer := recorder{header: http.Header{}, status: http.StatusOK}
	d.host.ServeHTTP(&answer, request)
	if answer.status != http.StatusOK {
		return nil, fmt.Errorf("the event door answered %d: %s", answer.status, &answer.body)
	}
	if err := json.Unmarshal(answer.body.Bytes(), &answers); err != nil || len(answers) != len(list) {
		return nil, fmt.Errorf("the event door gave %d answers to %d events: %w", len(answers), len(list), err)
	}
	return answers, nil
}

// eventAnswer is one item of the event door's answer.
type eventAnswer struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
}

// recorder holds the door's answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

var errGaveUp = errors.New("the event gave up, and there is no queue of dead letters")

// conclude returns nil when the event is done with: handled, or held as a dead
// letter. Else the queue brings it again, until its own redrive policy ends that.
func (d *Door) conclude(ctx context.Context, m *message) error {
	verdict := m.outcome.Verdict()
	if verdict == dispatch.Ack {
		return nil
	}
	slog.WarnContext(ctx, "event not handled", "event", m.event.ID, "type", m.event.Type, "tenant", m.event.Tenant,
		"status", m.outcome.Status, "code", m.outcome.Code, "failures", m.failures, "cause", m.outcome.Cause)
	if verdict != dispatch.Bury {
		return fmt.Errorf("event %s: status %d %s: %w", m.event.ID, m.outcome.Status, m.outcome.Code, m.outcome.Cause)
	}
	if d.options.DeadLetters == nil {
		return errGaveUp
	}
	why := dispatch.Reason{Status: m.outcome.Status, Code: m.outcome.Code, Failures: m.failures}
	name := ""
	if len(d.options.Funcs) == 1 {
		name = d.options.Funcs[0].Name
	}
	if err := d.options.DeadLetters.Bury(ctx, m.body, name, why); err != nil {
		slog.ErrorContext(ctx, "a dead letter is not held, so its event comes again", "event", m.event.ID, "error", err.Error())
		return err
	}
	return nil
}
