package function

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// mostDepth is how deep JSON may be nested.
const mostDepth = 64

// mostFaults is how many faults one answer lists.
const mostFaults = 20

// checkJSON refuses a body that is no JSON, or nested deeper than anything that
// is meant. An empty body and other content types are left to the schema.
func checkJSON(contentType string, raw []byte) error {
	if len(raw) == 0 || contentType != "" && !strings.Contains(contentType, "json") {
		return nil
	}
	if depthOf(raw) > mostDepth {
		return dcoder.Invalid("body", "the JSON is nested deeper than %d levels", mostDepth)
	}
	var at *json.SyntaxError
	if err := json.Unmarshal(raw, new(json.RawMessage)); errors.As(err, &at) {
		return dcoder.Invalid("body", "the body is not JSON: an error at byte %d", at.Offset)
	}
	return nil
}

// depthOf returns how deep brackets nest outside strings.
func depthOf(raw []byte) (deepest int) {
	depth, inString := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// fault is one field at fault.
type fault struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// invalid turns huma's refusal into ours: the field is named, a value never
// shown.
func invalid(e huma.StatusError) *dcoder.Error {
	out := &dcoder.Error{Status: e.GetStatus(), Code: "invalid_request", Message: "the request is not valid"}
	switch out.Status {
	case http.StatusUnprocessableEntity:
		out.Status = http.StatusBadRequest
	case http.StatusUnsupportedMediaType:
		out.Code, out.Field, out.Message = "unsupported_media_type", "content-type", "the body must be application/json"
		return out
	case http.StatusInternalServerError:
		return dcoder.Internal(errors.New(e.Error()))
	}
	var model *huma.ErrorModel
	if !errors.As(e, &model) || len(model.Errors) == 0 {
		out.Field, out.Message = "body", safeMessage(e.Error())
		return out
	}
	faults := faultsOf(model.Errors)
	out.Field, out.Message = faults[0].Field, faults[0].Field+": "+faults[0].Message
	if len(faults) > 1 {
		out.Details = map[string]any{"faults": faults}
	}
	return out
}

func faultsOf(errs []*huma.ErrorDetail) []fault {
	faults := make([]fault, 0, min(len(errs), mostFaults))
	for _, e := range errs[:min(len(errs), mostFaults)] {
		faults = append(faults, fault{Field: fieldOf(e), Message: safeMessage(e.Message)})
	}
	return faults
}

// wrongValue begins the message of a value that its type cannot hold, such as a
// number beyond 64 bits; the field follows.
const wrongValue = "expected a value of the documented range: "

// unmarshal decodes JSON; its error names the field and never the value.
func unmarshal(raw []byte, v any) error {
	err := json.Unmarshal(raw, v)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return errors.New(wrongValue + wrong.Field)
	}
	return err
}

// fieldOf names the field as the client wrote it: "limit", "items[0].name".
func fieldOf(e *huma.ErrorDetail) string {
	where, field, _ := strings.Cut(e.Location, ".")
	if wrong, ok := strings.CutPrefix(e.Message, wrongValue); ok {
		return wrong
	}
	if missing, ok := between(e.Message, "expected required property ", " to be present"); ok {
		if field == "" {
			return missing
		}
		return field + "." + missing
	}
	if field == "" {
		return where
	}
	return field
}

func between(s, before, after string) (string, bool) {
	s, hasBefore := strings.CutPrefix(s, before)
	s, hasAfter := strings.CutSuffix(s, after)
	return s, hasBefore && hasAfter
}

// safe are the beginnings of huma's messages that speak of the schema. What
// follows a colon may speak of the value and is cut.
var safe = []string{
	"expected ", "unexpected property", "unknown query parameter", "required ", "request body is required",
	"invalid integer", "invalid float", "invalid boolean", "invalid date/time", "invalid url.URL value", "write only property",
}

func safeMessage(message string) string {
	for _, beginning := range safe {
		if strings.HasPrefix(message, beginning) {
			head, _, _ := strings.Cut(message, ": ")
			return head
		}
	}
	return "not of the documented form"
}
