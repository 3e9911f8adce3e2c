package runtimeapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Response is a streamed answer to a request.
type Response struct {
	Status  int
	Headers map[string]string
	Cookies []string
	Body    io.ReadCloser
	Broken  func() error // after the body's end
}

// Web reads the head of a streamed answer: a JSON object, eight zero bytes, and
// then the body.
func (a *Answer) Web() (*Response, error) {
	if !a.IsStream() {
		raw, err := io.ReadAll(a.Body)
		return nil, fmt.Errorf("not a streamed answer but %s: %s %w", a.ContentType, raw, err)
	}
	in := bufio.NewReader(a.Body)
	head, err := in.ReadBytes(0)
	if err != nil {
		return nil, fmt.Errorf("read the head of an answer: %w", err)
	}
	if _, err := in.Discard(7); err != nil {
		return nil, fmt.Errorf("read the end of the head: %w", err)
	}
	var h struct {
		StatusCode int               `json:"statusCode"`
		Headers    map[string]string `json:"headers"`
		Cookies    []string          `json:"cookies"`
	}
	if err := json.Unmarshal(bytes.TrimSuffix(head, []byte{0}), &h); err != nil {
		return nil, fmt.Errorf("decode the head of an answer: %w", err)
	}
	return &Response{h.StatusCode, h.Headers, h.Cookies, struct {
		io.Reader
		io.Closer
	}{in, a.Body}, a.Broken}, nil
}

// Request is a request as a function URL hands it on.
type Request struct {
	Method, Path, Query string
	Headers             map[string]string
	Cookies             []string
	Body                string
	Domain              string // empty: a function URL's
}

// Payload writes the request as payload 2.0.
func (r Request) Payload() []byte {
	if r.Domain == "" {
		r.Domain = "abcdefgh.lambda-url.eu-central-1.on.aws"
	}
	raw, err := json.Marshal(map[string]any{
		"version": "2.0", "routeKey": "$default", "rawPath": r.Path, "rawQueryString": r.Query, "headers": r.Headers,
		"cookies": r.Cookies, "body": r.Body, "isBase64Encoded": false,
		"requestContext": map[string]any{
			"domainName": r.Domain, "stage": "$default", "requestId": "id",
			"http": map[string]string{"method": r.Method, "path": r.Path, "sourceIp": "192.0.2.1", "protocol": "HTTP/1.1"},
		},
	})
	if err != nil {
		panic(err) // strings and maps of strings
	}
	return raw
}
