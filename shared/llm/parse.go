package llm

import (
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// Positions in Request.Doc.Fields, whatever the body's protocol calls them.
const (
	FieldModel = iota
	FieldStream
	FieldStreamOptions
	FieldMaxTokens
	FieldMaxCompletionTokens
	FieldN
	FieldBestOf
	FieldMessages
	FieldPrompt
	FieldInput
)

var (
	openAIFields = jsonscan.NewNames("model", "stream", "stream_options", "max_tokens",
		"max_completion_tokens", "n", "best_of", "messages", "prompt", "input")
	messageFields  = jsonscan.NewNames("model", "stream", "", "max_tokens", "", "", "", "messages", "", "")
	responseFields = jsonscan.NewNames("model", "stream", "", "", "max_output_tokens", "", "", "", "", "input")
)

func fieldsOf(k Kind) *jsonscan.Names {
	switch k {
	case Message, Count:
		return messageFields
	case Response:
		return responseFields
	default:
		return openAIFields
	}
}

var streamOptions = jsonscan.NewNames("include_usage")

// Bounds of what a client may ask for.
const (
	maxModelName = 256
	maxMaxTokens = 10_000_000
	maxChoices   = 128
)

// Parse reads what the gateway acts on from a body in the shape of r.Kind. It
// keeps body, which req.Body owns. Errors are 400 and name the field.
func (r *Request) Parse(body []byte) error {
	if err := fieldsOf(r.Kind).Scan(body, jsonscan.Limits{}, &r.Doc); err != nil {
		return badJSON(err)
	}
	if err := r.parseModel(); err != nil {
		return err
	}
	if err := r.parseStream(); err != nil {
		return err
	}
	if err := r.parseCounts(); err != nil {
		return err
	}
	r.Text = token.Text{ASCII: r.Doc.Text.ASCII, Multi: r.Doc.Text.Multi, Media: r.Doc.Text.Media}
	return r.parseInput()
}

func badJSON(err error) error {
	e, ok := err.(*jsonscan.Error) //nolint:errorlint // Scan returns its own error bare
	if !ok {
		return dcoder.Internal(err)
	}
	return dcoder.Invalid(e.Field, "%s", e.Error())
}

func (r *Request) parseModel() error {
	name, ok := r.Doc.Str(r.Doc.Fields[FieldModel])
	if !ok || name == "" || len(name) > maxModelName {
		return dcoder.Invalid("model", "model must be a string of 1 to %d characters", maxModelName)
	}
	r.Model = name
	return nil
}

func (r *Request) parseStream() error {
	v := r.Doc.Fields[FieldStream]
	if v.Present() && v.Kind != jsonscan.Bool {
		return dcoder.Invalid("stream", "stream must be true or false")
	}
	r.Stream = r.Doc.True(v)
	v = r.Doc.Fields[FieldStreamOptions]
	if !v.Present() {
		return nil
	}
	if v.Kind != jsonscan.Object {
		return dcoder.Invalid("stream_options", "stream_options must be an object")
	}
	var o jsonscan.Doc
	if err := r.Doc.Sub(v, streamOptions, &o); err != nil {
		return dcoder.Invalid("stream_options", "stream_options: %s", err.Error())
	}
	r.WantsUsage = o.True(o.Fields[0])
	return nil
}

func (r *Request) parseCounts() (err error) {
	least := int64(1)
	if r.Kind == Completion {
		least = 0 // with echo: the prompt's own log probabilities
	}
	r.Choices = 1
	for _, c := range []struct {
		field       int
		name        string
		least, most int64
		to          *int64
	}{
		{FieldMaxTokens, "max_tokens", least, maxMaxTokens, &r.MaxTokens},
		{FieldMaxCompletionTokens, longName(r.Kind), 1, maxMaxTokens, &r.MaxTokens},
		{FieldN, "n", 1, maxChoices, &r.Choices},
		{FieldBestOf, "best_of", 1, maxChoices, &r.Choices},
	} {
		v := r.Doc.Fields[c.field]
		if !v.Present() {
			continue
		}
		n, ok := r.Doc.Int(v)
		if !ok || n < c.least || n > c.most {
			return dcoder.Invalid(c.name, "%s must be a whole number from %d to %d", c.name, c.least, c.most)
		}
		*c.to = max(*c.to, n)
	}
	return nil
}

func longName(k Kind) string {
	if k == Response {
		return "max_output_tokens"
	}
	return "max_completion_tokens"
}

// parseInput checks that there is something to answer.
func (r *Request) parseInput() error {
	switch r.Kind {
	case Chat, Message, Count:
		v := r.Doc.Fields[FieldMessages]
		if v.Kind != jsonscan.Array || r.Doc.Empty(v) {
			return dcoder.Invalid("messages", "messages must be a list of at least one message")
		}
		r.Text.Items = int(min(int64(v.End-v.Start)/256, 64)) + 1
	case Embedding:
		v := r.Doc.Fields[FieldInput]
		if v.Kind != jsonscan.Array && v.Kind != jsonscan.String || r.Doc.Empty(v) {
			return dcoder.Invalid("input", "input must be a text, or a list of texts or tokens, and not empty")
		}
		if r.Stream {
			return dcoder.Invalid("stream", "embeddings are not streamed")
		}
		r.Text.Items = tokenNumbers(&r.Doc, v)
	}
	return nil
}
