package google

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
)

// input is what a client asks in OpenAI's shape.
type input struct {
	texts      []string
	dimensions *int64
	base64     bool
}

// mostTexts is OpenAI's own bound.
const mostTexts = 2048

// readInput reads the body of POST /v1/embeddings. Errors are 400 and name the
// field.
func readInput(raw []byte) (*input, error) {
	var in struct {
		Input      json.RawMessage `json:"input"`
		Dimensions json.RawMessage `json:"dimensions"`
		Encoding   json.RawMessage `json:"encoding_format"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, dcoder.Invalid("input", "the body is not JSON")
	}
	out := &input{}
	var format string
	if len(in.Encoding) > 0 && json.Unmarshal(in.Encoding, &format) != nil || format != "" && format != "float" && format != "base64" {
		return nil, dcoder.Invalid("encoding_format", `encoding_format must be "float" or "base64"`)
	}
	out.base64 = format == "base64"
	if len(in.Dimensions) > 0 && (json.Unmarshal(in.Dimensions, &out.dimensions) != nil || out.dimensions != nil && *out.dimensions < 1) {
		return nil, dcoder.Invalid("dimensions", "dimensions must be a whole number above 0")
	}
	texts, err := readTexts(in.Input)
	out.texts = texts
	return out, err
}

func readTexts(raw json.RawMessage) (texts []string, err error) {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		texts = []string{one}
	} else if json.Unmarshal(raw, &texts) != nil {
		return nil, dcoder.Invalid("input", "this model embeds texts: token numbers are another provider's")
	}
	if len(texts) == 0 || len(texts) > mostTexts {
		return nil, dcoder.Invalid("input", "input must be 1 to %d texts", mostTexts)
	}
	for i, t := range texts {
		if strings.TrimSpace(t) == "" {
			return nil, dcoder.Invalid("input", "text %d of input is empty", i)
		}
	}
	return texts, nil
}

// reply writes OpenAI's answer.
func (in *input) reply(req *llm.Request, c *llm.Candidate, answers []answer) (*llm.Reply, error) {
	size, tokens, reported := 256, int64(0), true
	for _, a := range answers {
		tokens += a.tokens
		reported = reported && a.tokens > 0
		for _, v := range a.vectors {
			size += len(v) + 64
		}
	}
	if !reported {
		tokens = 0
		for _, t := range in.texts {
			tokens += estimate(t)
		}
	}
	body := llm.NewBuffer(size)
	b, err := in.appendData(append(body.B, `{"object":"list","data":[`...), answers)
	if err != nil {
		body.Release()
		return nil, wire.Garbage("the provider's embeddings are no lists of numbers")
	}
	model, _ := json.Marshal(c.Model) // a string always encodes
	b = append(append(b, `],"model":`...), model...)
	n := strconv.FormatInt(tokens, 10)
	body.B = append(b, `,"usage":{"prompt_tokens":`+n+`,"total_tokens":`+n+`}}`...)
	return &llm.Reply{
		Status: http.StatusOK, Header: answers[0].header, Body: body,
		Usage: llm.Usage{Tokens: dcoder.Tokens{Input: tokens}, Reported: reported},
	}, nil
}

func (in *input) appendData(b []byte, answers []answer) ([]byte, error) {
	index := 0
	for _, a := range answers {
		for _, v := range a.vectors {
			if index > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(append(b, `{"object":"embedding","index":`...), int64(index), 10)
			b = append(b, `,"embedding":`...)
			var err error
			if b, err = in.appendVector(b, v); err != nil {
				return b, err
			}
			b = append(b, '}')
			index++
		}
	}
	return b, nil
}

var errNoValues = errors.New("google: an embedding without values")

// appendVector writes a list of numbers as it came, or as base64 of little-endian
// float32.
func (in *input) appendVector(b []byte, raw json.RawMessage) ([]byte, error) {
	var values []float32
	if err := json.Unmarshal(raw, &values); err != nil {
		return b, err
	}
	if len(values) == 0 {
		return b, errNoValues
	}
	if !in.base64 {
		var compact bytes.Buffer
		err := json.Compact(&compact, raw)
		return append(b, compact.Bytes()...), err
	}
	floats := make([]byte, 4*len(values))
	for i, f := range values {
		binary.LittleEndian.PutUint32(floats[4*i:], math.Float32bits(f))
	}
	b = base64.StdEncoding.AppendEncode(append(b, '"'), floats)
	return append(b, '"'), nil
}
