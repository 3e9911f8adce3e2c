package llmsim

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// problem is an error that a vendor answers; the dialect gives it its shape.
type problem struct {
	status     int
	code       string // OpenAI's code, Google's reason
	param      string // the field at fault
	message    string
	retryAfter time.Duration
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.status, p.code, p.message) }

func badField(param, format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, param: param, message: fmt.Sprintf(format, args...)}
}

func noSuchModel(model string) *problem {
	return &problem{
		status: http.StatusNotFound, code: "model_not_found",
		message: fmt.Sprintf("The model `%s` does not exist or you do not have access to it.", model),
	}
}

// faultProblem is the problem that a fault answers.
func faultProblem(f *Fault) *problem {
	p := &problem{status: f.Status, message: f.Message, retryAfter: time.Duration(f.RetryAfter)}
	if p.status < 400 {
		p.status = http.StatusServiceUnavailable
	}
	if p.message == "" {
		p.message = stockMessages[p.status]
	}
	if p.message == "" {
		p.message = "The request failed."
	}
	return p
}

var stockMessages = map[int]string{
	400: "The request is not valid.", 401: "Incorrect API key provided.", 403: "You are not allowed to do that.",
	404: "Not found.", 413: "The request is too large.", 429: "Rate limit reached for requests.",
	500: "The server had an error while processing your request.", 503: "The engine is currently overloaded, please try again later.", 529: "Overloaded",
}

// retryAfterHeader rounds up to whole seconds.
func retryAfterHeader(h http.Header, d time.Duration) {
	if d > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
	}
}
