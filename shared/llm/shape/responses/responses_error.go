package responses

import (
	"bytes"
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// problem is an error object: of an answer, of an error event, of a failed
// response. Codes may be texts or numbers.
type problem struct {
	Type    string          `json:"type"`
	Code    json.RawMessage `json:"code"`
	Message string          `json:"message"`
	Param   *string         `json:"param"`
	Status  int             `json:"status"`
}

func (p *problem) canonical(status int) canonical.Problem {
	out := canonical.Problem{Status: status, Type: p.Type, Message: p.Message}
	if out.Status == 0 {
		out.Status = p.Status
	}
	if json.Unmarshal(p.Code, &out.Code) != nil && !bytes.Equal(p.Code, []byte("null")) {
		out.Code = string(p.Code)
	}
	if p.Param != nil {
		out.Param = *p.Param
	}
	return out
}

// ReadError implements canonical.Protocol.
func (protocol) ReadError(status int, body []byte) (canonical.Problem, bool) {
	var in struct {
		Error *problem `json:"error"`
	}
	if json.Unmarshal(body, &in) != nil || in.Error == nil || in.Error.Message == "" && in.Error.Type == "" {
		return canonical.Problem{}, false
	}
	return in.Error.canonical(status), true
}
