package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// Bounds of what is read and shown of a provider's error, bytes.
const (
	maxErrorBody = 64 << 10
	maxMessage   = 2 << 10
)

// Refused is a call that never went out; err keeps its status and its field.
func Refused(err error) error {
	var f *llm.Failure
	if errors.As(err, &f) {
		return f
	}
	return &llm.Failure{Public: dcoder.AsError(err)}
}

// Unreachable is a request that got no answer.
func Unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var public *dcoder.Error
	if errors.As(err, &public) {
		return &llm.Failure{Public: public}
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &llm.Failure{Public: &dcoder.Error{Status: http.StatusGatewayTimeout, Code: "upstream_timeout", Message: "the provider did not answer in time", Cause: err}}
	}
	return &llm.Failure{Retry: true, Public: &dcoder.Error{Status: http.StatusBadGateway, Code: "upstream_unreachable", Message: "the provider cannot be reached", Cause: err}}
}

// Broken is an answer that broke off.
func Broken(ctx context.Context, err error) error {
	var f *llm.Failure
	if errors.As(err, &f) {
		return f
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &llm.Failure{Retry: true, Public: &dcoder.Error{
		Status: http.StatusBadGateway, Code: "upstream_cut", Message: "the provider's answer broke off before its end", Cause: err,
	}}
}

// Garbage is an answer that is none. A repetition may bring a better one.
func Garbage(why string) *llm.Failure {
	return &llm.Failure{Retry: true, Public: &dcoder.Error{Status: http.StatusBadGateway, Code: "upstream_invalid", Message: why}}
}

// refusal turns an error answer into ours and closes its body.
func (x *exchange) refusal(resp *http.Response) error {
	return Refusal(x.ctx, resp, x.c.Grant.Secret, x.Native.ReadError, x.classify, x.visible)
}

// Refusal reads an answer whose status is not 200, by read, and says with
// classify what it means. It closes the body.
func Refusal(ctx context.Context, resp *http.Response, secret string, read func(int, []byte) (canonical.Problem, bool),
	classify func(int, http.Header, canonical.Problem) *llm.Failure, visible func(http.Header) http.Header,
) error {
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	p, _ := read(resp.StatusCode, raw)
	f := classify(resp.StatusCode, resp.Header, Clean(p, secret))
	f.Header, f.After = visible(resp.Header), max(RetryAfter(resp.Header), p.After)
	f.Public.RetryAfter = f.After
	if resp.Header.Get(dcoder.HeaderShouldRetry) == "false" {
		f.Retry, f.Public.NoRetry = false, true
	}
	return f
}

// inside is an error that came as an event of a stream.
func (x *exchange) inside(p *canonical.Problem) *llm.Failure {
	if p == nil {
		p = &canonical.Problem{}
	}
	return x.classify(StatusOf(p), nil, Clean(*p, x.c.Grant.Secret))
}

func (x *exchange) classify(status int, h http.Header, p canonical.Problem) *llm.Failure {
	if x.Classify == nil {
		return Classify(status, h, p)
	}
	return x.Classify(status, h, p)
}

// StatusOf is the HTTP status that a problem without one would have had.
func StatusOf(p *canonical.Problem) int {
	if p.Status >= 400 && p.Status <= 599 {
		return p.Status
	}
	says := strings.ToLower(p.Type + " " + p.Code)
	for _, known := range []struct {
		word   string
		status int
	}{
		{"overloaded", 529},
		{"rate_limit", http.StatusTooManyRequests},
		{"authentication", http.StatusUnauthorized},
		{"permission", http.StatusForbidden},
		{"not_found", http.StatusNotFound},
		{"too_large", http.StatusRequestEntityTooLarge},
		{"timeout", http.StatusGatewayTimeout},
		{"invalid_request", http.StatusBadRequest},
		{"tool_use_failed", http.StatusBadRequest},
	} {
		if strings.Contains(says, known.word) {
			return known.status
		}
	}
	if strings.Contains(strings.ToLower(p.Message), "overloaded") {
		return 529
	}
	return http.StatusInternalServerError
}

// Classify says what a provider's status means to our client. Its no to our
// credential is not the client's fault, so 401 and 403 become a 502.
func Classify(status int, _ http.Header, p canonical.Problem) *llm.Failure {
	e := &dcoder.Error{Status: status, Code: p.Code, Message: p.Message, Field: p.Param}
	f := &llm.Failure{Public: e}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Status, e.Code, e.Field, e.NoRetry = http.StatusBadGateway, "provider_credential_refused", "", true
		e.Message = "the provider refuses the credential that is stored for it; an administrator can test it with POST /v1/providers/{provider}/test"
	case status == http.StatusTooManyRequests && (p.Code == "insufficient_quota" || p.Type == "insufficient_quota"):
		e.Code, e.NoRetry = "provider_quota_exceeded", true
	case status == http.StatusTooManyRequests:
		f.Retry = true
		e.Code = "provider_rate_limited"
	case status == http.StatusRequestTimeout:
		f.Retry = true
		e.Status, e.Code = http.StatusGatewayTimeout, or(p.Code, "upstream_timeout")
	case status == 529:
		f.Retry = true
		e.Status, e.Code = http.StatusServiceUnavailable, "overloaded_error"
	case status == http.StatusInternalServerError, status == http.StatusNotImplemented:
		f.Retry = status == http.StatusInternalServerError
		e.Status, e.Code = http.StatusBadGateway, or(p.Code, "upstream_error")
	case status > http.StatusInternalServerError:
		f.Retry = true
		e.Code = or(p.Code, "upstream_error")
	case status < http.StatusBadRequest:
		e.Status, e.Code, e.Message = http.StatusBadGateway, "upstream_invalid", "the provider answered with status "+strconv.Itoa(status)
	default:
		e.Code = or(p.Code, or(p.Type, "invalid_request_error"))
	}
	if e.Message == "" {
		e.Message = "the provider answered with status " + strconv.Itoa(status)
	}
	return f
}

func or(s, fallback string) string {
	if s != "" {
		return s
	}
	return fallback
}

// Clean bounds what a provider says and takes our credential out of it.
func Clean(p canonical.Problem, secret string) canonical.Problem {
	p.Message, p.Param = shown(p.Message, secret), shown(p.Param, secret)
	p.Code, p.Type = word(p.Code, secret), word(p.Type, secret)
	return p
}

func shown(s, secret string) string {
	if secret != "" { // before it is cut, so that no half of it is left
		s = strings.ReplaceAll(s, secret, "[credential]")
	}
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "..."
	}
	return s
}

// word keeps a code only if it is one.
func word(s, secret string) string {
	if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) || secret != "" && strings.Contains(s, secret) {
		return ""
	}
	return s
}

// RetryAfter reads Retry-After (seconds or a date) and retry-after-ms.
func RetryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 && s < 1e7 {
		return time.Duration(s * float64(time.Second))
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
