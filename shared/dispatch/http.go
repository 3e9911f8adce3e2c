package dispatch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// HTTPDoor delivers over HTTP: one event in binary mode, several in the batch
// format, signed. Build it with NewHTTPDoor.
type HTTPDoor struct {
	address func(function string) string
	secret  string
	client  *http.Client
}

var _ Door = (*HTTPDoor)(nil)

// NewHTTPDoor returns a door. address gives a function's base URL; the first of
// the secrets (DCODER_EVENT_SECRETS) signs.
func NewHTTPDoor(address func(function string) string, secrets []string) (*HTTPDoor, error) {
	if len(secrets) == 0 || secrets[0] == "" {
		return nil, errors.New("DCODER_EVENT_SECRETS is empty: deliveries cannot be signed")
	}
	transport := &http.Transport{
		MaxIdleConnsPerHost: 64, MaxConnsPerHost: 128, IdleConnTimeout: 60 * time.Second,
		DisableCompression: true,
	}
	return &HTTPDoor{address: address, secret: secrets[0], client: &http.Client{
		Transport: transport,
		// A redirect would carry a signed event to who knows where.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close drops idle connections.
func (d *HTTPDoor) Close() { d.client.CloseIdleConnections() }

// Addresses returns where functions live: template with {function} replaced, or
// the override of the function, written "name=url,name=url".
func Addresses(template, overrides string) (func(function string) string, error) {
	own := map[string]string{}
	for _, pair := range strings.FieldsFunc(overrides, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, url, ok := strings.Cut(pair, "=")
		if !ok || name == "" || !isHTTP(url) {
			return nil, fmt.Errorf("DCODER_FUNCTION_URLS: %q is not name=http://address", pair)
		}
		own[name] = strings.TrimSuffix(url, "/")
	}
	if !isHTTP(template) {
		return nil, fmt.Errorf("DCODER_FUNCTION_URL: %q is not an http address", template)
	}
	return func(function string) string {
		if url, ok := own[function]; ok {
			return url
		}
		return strings.TrimSuffix(strings.ReplaceAll(template, "{function}", function), "/")
	}, nil
}

func isHTTP(url string) bool {
	return strings.HasPrefix(url, "http://") || strings.HasPrefix(url, "https://")
}

// Deliver implements Door.
func (d *HTTPDoor) Deliver(ctx context.Context, function string, events []dcoder.Envelope) []Outcome {
	req, err := d.request(ctx, function, events)
	if err != nil {
		return same(len(events), Outcome{Status: http.StatusBadRequest, Code: "not_an_event", Cause: err})
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return same(len(events), Outcome{Cause: err})
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return same(len(events), Outcome{Cause: fmt.Errorf("read the answer: %w", err)})
	}
	if len(events) > 1 && resp.StatusCode == http.StatusOK {
		return readItems(body, len(events))
	}
	return same(len(events), readOutcome(resp, body))
}

func (d *HTTPDoor) request(ctx context.Context, function string, events []dcoder.Envelope) (*http.Request, error) {
	h := http.Header{}
	body := cehttp.Write(h, events[0])
	if len(events) > 1 {
		var err error
		h = http.Header{}
		if body, err = cehttp.WriteBatch(h, events); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.address(function)+"/", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("address of function %s: %w", function, err)
	}
	h.Set(dcoder.HeaderFunction, function) // a process may host several
	cehttp.Sign(h, body, d.secret, time.Now())
	req.Header = h
	return req, nil
}

// item of a batch's answer.
type itemAnswer struct {
	Status       int    `json:"status"`
	Code         string `json:"code"`
	RetryAfterMs int64  `json:"retryAfterMs"`
}

// readItems reads a batch's answer; one that does not fit its question is none.
func readItems(body []byte, n int) []Outcome {
	var items []itemAnswer
	if err := json.Unmarshal(body, &items); err != nil || len(items) != n {
		return same(n, Outcome{Cause: fmt.Errorf("the batch's answer has %d items for %d events: %w", len(items), n, err)})
	}
	out := make([]Outcome, n)
	for i, it := range items {
		after := min(max(it.RetryAfterMs, 0), int64(longestAsked/time.Millisecond))
		out[i] = Outcome{Status: it.Status, Code: it.Code, RetryAfter: time.Duration(after) * time.Millisecond}
	}
	return out
}

func readOutcome(resp *http.Response, body []byte) Outcome {
	o := Outcome{Status: resp.StatusCode}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		o.RetryAfter = min(time.Duration(min(s, 1<<20))*time.Second, longestAsked)
	}
	var e struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) == nil {
		o.Code = e.Error.Code
	}
	return o
}

func same(n int, o Outcome) []Outcome {
	out := make([]Outcome, n)
	for i := range out {
		out[i] = o
	}
	return out
}
