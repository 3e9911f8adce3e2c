package wire

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// Values of headers that are the same in every request; no transport writes to
// them.
var (
	typeJSON  = []string{"application/json"}
	acceptSSE = []string{"text/event-stream"}
	userAgent = []string{"dcoder"}
)

// NewRequest builds a POST of body to at with the headers that every provider
// gets; a dialect adds its credential.
func NewRequest(ctx context.Context, req *llm.Request, at *url.URL, body []byte, stream bool) *http.Request {
	h := make(http.Header, 8)
	h["Content-Type"], h["Accept"], h["User-Agent"] = typeJSON, typeJSON, userAgent
	if stream {
		h["Accept"] = acceptSSE
	}
	values := [...]string{req.RequestID, req.TraceParent}
	if req.RequestID != "" {
		h[dcoder.HeaderRequestID] = values[0:1:1]
	}
	if req.TraceParent != "" {
		h[dcoder.HeaderTraceParent] = values[1:2:2]
	}
	out := http.Request{
		Method: http.MethodPost, URL: at, Host: at.Host, Header: h, ContentLength: int64(len(body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(bytes.NewReader(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}
	return out.WithContext(ctx)
}
