package function

import (
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// ErrorAnswer is the platform's own error object.
type ErrorAnswer struct {
	Error ErrorObject `json:"error"`
}

// ErrorObject says what went wrong and what to do.
type ErrorObject struct {
	Code    string         `json:"code" doc:"stable, snake_case"`
	Message string         `json:"message" doc:"says what to do"`
	Details map[string]any `json:"details" doc:"public facts: field, scope, limit, used, reset, retryAfterSeconds"`
}

func dcoderError(e *dcoder.Error) ErrorAnswer {
	return ErrorAnswer{ErrorObject{Code: e.Code, Message: e.Message, Details: details(e)}}
}

// OpenAIErrorAnswer is OpenAI's error object; details is ours, and SDKs ignore it.
type OpenAIErrorAnswer struct {
	Error OpenAIErrorObject `json:"error"`
}

// OpenAIErrorObject has the members that OpenAI's SDKs read.
type OpenAIErrorObject struct {
	Message string         `json:"message"`
	Type    string         `json:"type"`
	Param   *string        `json:"param"`
	Code    string         `json:"code"`
	Details map[string]any `json:"details,omitempty"`
}

func openAIError(e *dcoder.Error) OpenAIErrorAnswer {
	out := OpenAIErrorAnswer{OpenAIErrorObject{Message: e.Message, Type: openAIType(e), Code: e.Code, Details: details(e)}}
	if e.Field != "" {
		out.Error.Param = &e.Field
	}
	return out
}

// openAIType names the class as OpenAI's API does.
func openAIType(e *dcoder.Error) string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return "authentication_error"
	case e.Status == http.StatusForbidden:
		return "permission_error"
	case e.Status == http.StatusTooManyRequests && e.NoRetry:
		return "insufficient_quota"
	case e.Status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case e.Status >= http.StatusInternalServerError:
		return "server_error"
	}
	return "invalid_request_error"
}

// AnthropicErrorAnswer is Anthropic's error object; code and details are ours.
type AnthropicErrorAnswer struct {
	Type      string               `json:"type" enum:"error"`
	Error     AnthropicErrorObject `json:"error"`
	RequestID string               `json:"request_id,omitempty"`
}

// AnthropicErrorObject has the members that Anthropic's SDKs read.
type AnthropicErrorObject struct {
	Type    string         `json:"type"`
	Message string         `json:"message"`
	Code    string         `json:"code,omitempty"`
	Details map[string]any `json:"details,omitempty"`
}

func anthropicError(e *dcoder.Error, requestID string) AnthropicErrorAnswer {
	return AnthropicErrorAnswer{
		Type: "error", RequestID: requestID,
		Error: AnthropicErrorObject{Type: anthropicType(e.Status), Message: e.Message, Code: e.Code, Details: details(e)},
	}
}

// anthropicType names the class as Anthropic's API does (its documentation,
// "Errors").
func anthropicType(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusPaymentRequired:
		return "billing_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusGatewayTimeout:
		return "timeout_error"
	case http.StatusServiceUnavailable, 529:
		return "overloaded_error"
	}
	if status >= http.StatusInternalServerError {
		return "api_error"
	}
	return "invalid_request_error"
}
