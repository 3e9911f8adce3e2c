package otlp

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
)

// Flush sends what is queued, each batch once, until ctx ends; what is left then
// is dropped. Call it when Run has returned.
func (e *Exporter) Flush(ctx context.Context) error {
	e.mu.Lock()
	for _, s := range e.sinks {
		s.after, s.failed = time.Time{}, 1 // no second try
	}
	e.mu.Unlock()
	for ctx.Err() == nil && e.waiting() > 0 {
		e.start(ctx, time.Now().Add(time.Hour)) // no pause holds now
		e.posts.Wait()
	}
	e.posts.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	for to, s := range e.sinks {
		e.dropped.Add(int64(len(s.spans)))
		e.held -= sizes(s.spans)
		delete(e.sinks, to)
	}
	return nil
}

func (e *Exporter) waiting() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.sinks {
		n += len(s.spans)
	}
	return n
}

// deliver sends one batch; retry says that another time may mend it, as OTLP
// says it of 429, 502, 503 and 504.
func (e *Exporter) deliver(ctx context.Context, to Destination, batch []Span) (ok, retry bool) {
	body, err := json.Marshal(traces(e.o.Resource, batch))
	if err != nil {
		return false, false
	}
	status := e.post(ctx, to, "/v1/traces", body)
	switch status {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		return true, false
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false, true
	}
	return false, false
}

// mostAnswer is how much of a collector's answer is read, so that its
// connection can be used again.
const mostAnswer = 64 << 10

// post returns the answer's status, 0 when there was none in time.
func (e *Exporter) post(ctx context.Context, to Destination, path string, body []byte) int {
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(to.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return http.StatusBadRequest
	}
	r.Header.Set("Content-Type", "application/json")
	if to.Authorization != "" {
		r.Header.Set("Authorization", to.Authorization)
	}
	if name, value, found := strings.Cut(to.Extra, ": "); found {
		r.Header.Set(name, value)
	}
	resp, err := e.o.Doer.Do(r)
	if err != nil {
		slog.DebugContext(ctx, "a collector could not be reached", "error", err)
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, mostAnswer) // its end is no error
	return resp.StatusCode
}

// Push sends a reading of metrics, each since began.
func (e *Exporter) Push(ctx context.Context, to Destination, families []metric.Family, began, now time.Time) bool {
	body, err := json.Marshal(metrics(e.o.Resource, families, began, now))
	return err == nil && e.post(ctx, to, "/v1/metrics", body)/100 == 2
}
