package responses

import (
	"encoding/json"
	"fmt"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// ReadRequest implements canonical.Protocol.
func (protocol) ReadRequest(body []byte) (*canonical.Request, error) {
	var fault error
	o := open(body, "", &fault)
	r := &canonical.Request{Origin: canonical.Responses}
	readHead(o, r)
	if s := o.text("instructions"); s != "" {
		r.System, r.SystemPlain = []canonical.Block{{Kind: canonical.Text, Text: s}}, true
	}
	readInput(o, r)
	for i, raw := range o.list("tools") {
		r.Tools = append(r.Tools, readTool(open(raw, fmt.Sprintf("tools[%d]", i), &fault)))
	}
	readChoice(o, r)
	readFormat(o, r)
	readReasoning(o, r)
	if r.Extra = o.extra(); fault != nil {
		return nil, fault
	}
	return r, nil
}

// readHead takes the plain fields.
func readHead(o object, r *canonical.Request) {
	r.Model = o.text("model")
	if string(o.left["stream"]) == "true" {
		o.into("stream", &r.Stream, "true or false")
	}
	o.into("max_output_tokens", &r.MaxTokens, "a whole number")
	o.into("temperature", &r.Temperature, "a number")
	o.into("top_p", &r.TopP, "a number")
	o.into("top_logprobs", &r.TopLogProbs, "a whole number")
	o.into("parallel_tool_calls", &r.ParallelTools, "true or false")
	o.into("store", &r.Store, "true or false")
	r.Previous = o.text("previous_response_id")
	r.User = o.text("user")
	r.ServiceTier = o.text("service_tier")
	r.Metadata = o.raw("metadata")
}

func readTool(o object) (t canonical.Tool) {
	if kind := o.peek("type"); kind != "function" {
		t.Type, t.Name, t.Extra = kind, o.peek("name"), o.extra()
		if kind == "" {
			o.wrong("type", "must say which kind of tool this is")
		}
		return t
	}
	delete(o.left, "type")
	if t.Name = o.text("name"); t.Name == "" {
		o.wrong("name", "must be a text that is not empty")
	}
	t.Description = o.text("description")
	t.Schema = o.raw("parameters")
	o.into("strict", &t.Strict, "true or false")
	t.Extra = o.extra()
	return t
}

var choices = map[string]canonical.ChoiceMode{
	"auto": canonical.ChooseAuto, "none": canonical.ChooseNone, "required": canonical.ChooseAny,
}

// readChoice reads tool_choice: a word, a function, or a choice among the
// provider's own tools, which stays as it is.
func readChoice(o object, r *canonical.Request) {
	if isText(o.left["tool_choice"]) {
		mode, ok := choices[o.text("tool_choice")]
		if !ok {
			o.wrong("tool_choice", "must be auto, none, required or an object")
		}
		r.Choice = &canonical.Choice{Mode: mode}
		return
	}
	in, ok := o.object("tool_choice")
	if !ok {
		return
	}
	c := &canonical.Choice{Mode: canonical.ChooseNamed, Name: in.peek("name")}
	switch in.peek("type") {
	case "":
		in.wrong("type", "must say which kind of choice this is")
	case "function":
		delete(in.left, "type")
		if c.Name = in.text("name"); c.Name == "" {
			in.wrong("name", "must name a tool")
		}
	case "allowed_tools":
		if c.Mode = canonical.ChooseAuto; in.peek("mode") == "required" {
			c.Mode = canonical.ChooseAny
		}
	}
	c.Extra = in.extra()
	r.Choice = c
}

// readFormat reads text.format; what else text says stays in Extra.
func readFormat(o object, r *canonical.Request) {
	text, ok := o.object("text")
	if !ok {
		return
	}
	if in, ok := text.object("format"); ok {
		f := &canonical.Format{Type: in.text("type")}
		switch f.Type {
		case "text", "json_object":
		case "json_schema":
			f.Name, f.Description, f.Schema = in.text("name"), in.text("description"), in.raw("schema")
			in.into("strict", &f.Strict, "true or false")
			if f.Name == "" {
				in.wrong("name", "must name the schema")
			}
		default:
			in.wrong("type", "must be text, json_object or json_schema")
		}
		f.Extra = in.extra()
		r.Format = f
	}
	if len(text.left) > 0 || r.Format == nil {
		o.left["text"], _ = json.Marshal(text.left) // it was just decoded
	}
}

func readReasoning(o object, r *canonical.Request) {
	in, ok := o.object("reasoning")
	if !ok {
		return
	}
	r.Reasoning = &canonical.Reasoning{Effort: in.text("effort"), Summary: in.text("summary")}
	r.Reasoning.Off = r.Reasoning.Effort == "none"
	r.Reasoning.Extra = in.extra()
}
