package lambda

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdaurl"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// web serves a request. A function URL gets a stream (its InvokeMode is
// RESPONSE_STREAM), so does a REST API that says so; an HTTP API takes a whole.
func (d *Door) web(ctx context.Context, in *invocation) (any, error) {
	request, err := urlRequest(in)
	if err != nil {
		return nil, err
	}
	bound, cancel := bounded(ctx)
	e := &ending{over: make(chan struct{}), after: func() { d.settle(ctx) }, cancel: cancel}
	answer, err := lambdaurl.Wrap(mended{d.host, e})(bound, request)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("read the request: %w", err)
	}
	e.body = answer.Body
	answer.Body = e
	if strings.Contains(in.RequestContext.DomainName, ".lambda-url.") || in.isREST() && d.options.StreamREST {
		return answer, nil
	}
	defer func() { _ = e.Close() }()
	return whole(in.isREST(), answer)
}

func (in *invocation) isREST() bool { return in.Method != "" }

// bounded leaves time before Lambda's own deadline, so that the function answers
// (or a stream ends with an error frame), and settles, before it is killed.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	margin := min(max(time.Until(deadline)/10, 500*time.Millisecond), 3*time.Second)
	return context.WithDeadlineCause(ctx, deadline.Add(-margin), errDeadline)
}

var errDeadline = &dcoder.Error{
	Status: 504, Code: "timeout", Message: "the request took longer than this function may run",
}

// urlRequest turns both payloads into a function URL's, and mends what lambdaurl
// leaves out: cookies, the length of a base64 body, a path that is no URL, a port.
func urlRequest(in *invocation) (*events.LambdaFunctionURLRequest, error) {
	out := &events.LambdaFunctionURLRequest{
		RawPath: escaped(in.RawPath), RawQueryString: in.RawQuery, Headers: map[string]string{}, Body: in.Body,
	}
	out.RequestContext.DomainName = in.RequestContext.DomainName
	out.RequestContext.HTTP.Method = in.RequestContext.HTTP.Method
	address := in.RequestContext.HTTP.SourceIP
	if in.isREST() {
		out.RawPath, out.RawQueryString = escaped(in.Path), in.query()
		out.RequestContext.HTTP.Method, address = in.Method, in.RequestContext.Identity.SourceIP
	} else if stage := in.RequestContext.Stage; stage != "" && stage != "$default" {
		out.RawPath = strings.TrimPrefix(out.RawPath, "/"+stage)
	}
	out.RequestContext.HTTP.SourceIP = net.JoinHostPort(address, "0")
	for name, value := range in.Headers {
		out.Headers[name] = value
	}
	for name, values := range in.MultiValueHeaders {
		out.Headers[name] = strings.Join(values, separator(name))
	}
	if len(in.Cookies) > 0 {
		out.Headers["cookie"] = strings.Join(in.Cookies, "; ")
	}
	if in.IsBase64 {
		raw, err := base64.StdEncoding.DecodeString(in.Body)
		if err != nil {
			return nil, fmt.Errorf("the body is not base64: %w", err)
		}
		out.Body = string(raw)
	}
	return out, nil
}

func separator(header string) string {
	if strings.EqualFold(header, "cookie") {
		return "; "
	}
	return ", "
}

// query writes REST's decoded parameters as a query again.
func (in *invocation) query() string {
	values := url.Values(in.MultiValueQuery)
	if values == nil {
		values = url.Values{}
		for name, value := range in.Query {
			values.Set(name, value)
		}
	}
	return values.Encode()
}

// escaped returns a path that can stand in a URL: fronts hand on decoded ones too.
func escaped(path string) string {
	if _, err := url.PathUnescape(path); err == nil && !strings.ContainsAny(path, "?# ") {
		return path
	}
	return (&url.URL{Path: path}).EscapedPath()
}

// mostWhole is the largest answer that Lambda takes as a whole, bytes.
const mostWhole = 6 << 20

// whole reads an answer to its end, for fronts that do not stream.
func whole(rest bool, answer *events.LambdaFunctionURLStreamingResponse) (any, error) {
	raw, err := io.ReadAll(io.LimitReader(answer.Body, mostWhole))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	body, binary := string(raw), !utf8.Valid(raw)
	if binary {
		body = base64.StdEncoding.EncodeToString(raw)
	}
	if len(body) >= mostWhole {
		return nil, fmt.Errorf("the answer is larger than %d bytes: only a function URL, or a REST API that streams, can carry it", mostWhole)
	}
	if !rest {
		return events.APIGatewayV2HTTPResponse{
			StatusCode: answer.StatusCode, Headers: answer.Headers, Cookies: answer.Cookies, Body: body, IsBase64Encoded: binary,
		}, nil
	}
	out := events.APIGatewayProxyResponse{StatusCode: answer.StatusCode, Headers: answer.Headers, Body: body, IsBase64Encoded: binary}
	if len(answer.Cookies) > 0 {
		out.MultiValueHeaders = map[string][]string{"Set-Cookie": answer.Cookies}
	}
	return out, nil
}
