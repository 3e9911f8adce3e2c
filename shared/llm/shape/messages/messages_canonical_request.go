package messages

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// ReadRequest implements canonical.Protocol.
func (protocol) ReadRequest(body []byte) (*canonical.Request, error) {
	if !json.Valid(body) {
		return nil, dcoder.Invalid("body", "the body is not JSON")
	}
	var err error
	f := object(body, "", &err)
	r := &canonical.Request{Origin: canonical.Messages}
	r.Model = f.str("model")
	readStream(r, f)
	r.System, r.SystemPlain = readContent(f.take("system"), "system", &err)
	readMessages(r, f)
	readTools(r, f)
	r.MaxTokens = f.int("max_tokens")
	r.Temperature, r.TopP, r.TopK = f.float("temperature"), f.float("top_p"), f.int("top_k")
	readStop(r, f)
	readThinking(r, f)
	readFormat(r, f)
	readUser(r, f)
	r.ServiceTier = f.word("service_tier")
	r.Extra = f.rest()
	if err != nil {
		return nil, err
	}
	return r, nil
}

// readStream leaves an express false where it is, so that it is written again.
func readStream(r *canonical.Request, f *fields) {
	switch string(f.peek("stream")) {
	case "", "null", "false":
	case "true":
		f.take("stream")
		r.Stream = true
	default:
		f.fail("stream", "must be true or false")
	}
}

func readMessages(r *canonical.Request, f *fields) {
	list, ok := elements(f.take("messages"))
	if !ok {
		f.fail("messages", "must be a list")
		return
	}
	r.Messages = make([]canonical.Message, 0, len(list))
	for i, raw := range list {
		m := object(raw, numbered("messages", i), f.err)
		out := canonical.Message{Role: canonical.Role(m.str("role"))}
		switch out.Role {
		case canonical.User, canonical.Assistant, canonical.System:
		default:
			m.fail("role", `must be "user" or "assistant"`)
		}
		content := m.take("content")
		if content == nil {
			m.fail("content", "must be a string or a list of blocks")
		}
		out.Blocks, out.Plain = readContent(content, m.name("content"), f.err)
		out.Extra = m.rest()
		r.Messages = append(r.Messages, out)
	}
}

// readContent reads a string or a list of blocks; nil is nothing.
func readContent(raw []byte, at string, err *error) (blocks []canonical.Block, plain bool) {
	if raw == nil {
		return nil, false
	}
	if s, ok := unquote(raw); ok {
		return []canonical.Block{{Kind: canonical.Text, Text: s}}, true
	}
	list, ok := elements(raw)
	if !ok {
		(&fields{at: at, err: err}).fail("", "must be a string or a list of blocks")
		return nil, false
	}
	blocks = make([]canonical.Block, 0, len(list))
	for i, one := range list {
		blocks = append(blocks, readBlock(object(one, numbered(at, i), err)))
	}
	return blocks, false
}

func readStop(r *canonical.Request, f *fields) {
	raw := f.take("stop_sequences")
	if raw == nil {
		return
	}
	list, ok := elements(raw)
	if !ok {
		f.fail("stop_sequences", "must be a list of strings")
	}
	r.Stop = make([]string, 0, len(list))
	for _, one := range list {
		s, ok := unquote(one)
		if !ok {
			f.fail("stop_sequences", "must be a list of strings")
		}
		r.Stop = append(r.Stop, s)
	}
}

func readThinking(r *canonical.Request, f *fields) {
	t := f.object("thinking")
	if t == nil {
		return
	}
	r.Reasoning = &canonical.Reasoning{}
	switch kind, _ := unquote(t.peek("type")); kind { // others stay in Extra
	case "enabled":
		t.take("type")
		r.Reasoning.Budget = t.int("budget_tokens")
	case "adaptive":
		t.take("type")
		r.Reasoning.Adaptive = true
	case "disabled":
		t.take("type")
		r.Reasoning.Off = true
	}
	switch display, _ := unquote(t.peek("display")); display {
	case "omitted", "summarized":
		include := display == "summarized"
		r.Reasoning.Include = &include
	}
	r.Reasoning.Extra = t.rest()
}

// readFormat reads "output_config", and "output_format" as its beta had it.
func readFormat(r *canonical.Request, f *fields) {
	if old := f.peek("output_format"); old != nil && string(old) != "null" {
		r.Format = readSchema(object(old, "output_format", f.err)) // stays in Extra, too
	}
	c := f.object("output_config")
	if c == nil {
		return
	}
	if effort := c.word("effort"); effort != "" {
		if r.Reasoning == nil {
			r.Reasoning = &canonical.Reasoning{}
		}
		r.Reasoning.Effort = effort
	}
	if format := c.object("format"); format != nil {
		r.Format = readSchema(format)
		r.Format.Extra = format.rest()
	}
	if left := c.rest(); left != nil {
		raw, _ := json.Marshal(left) // of raw JSON
		f.list = append(f.list, field{"output_config", raw})
	}
}

func readSchema(f *fields) *canonical.Format {
	return &canonical.Format{Type: f.str("type"), Schema: f.take("schema")}
}

// readUser takes "metadata" when it says nothing but who the end user is.
func readUser(r *canonical.Request, f *fields) {
	raw := f.peek("metadata")
	if raw == nil || string(raw) == "null" {
		return
	}
	m := object(raw, "metadata", f.err)
	r.User = m.word("user_id")
	if r.User != "" && len(m.list) == 0 {
		f.take("metadata")
	}
}

func readTools(r *canonical.Request, f *fields) {
	if raw := f.take("tools"); raw != nil {
		list, ok := elements(raw)
		if !ok {
			f.fail("tools", "must be a list")
		}
		r.Tools = make([]canonical.Tool, 0, len(list))
		for i, one := range list {
			r.Tools = append(r.Tools, readTool(object(one, numbered("tools", i), f.err)))
		}
	}
	if c := f.object("tool_choice"); c != nil {
		readChoice(r, c)
	}
}

// readTool keeps a tool of Anthropic's own whole, and names it.
func readTool(f *fields) (t canonical.Tool) {
	kind, _ := unquote(f.peek("type"))
	if kind != "" && kind != "custom" {
		t.Type = kind
		t.Name, _ = unquote(f.peek("name"))
		t.Extra = f.rest()
		return t
	}
	t.Name = f.str("name")
	if t.Name == "" {
		f.fail("name", "must be a string and not empty")
	}
	t.Description = f.word("description")
	t.Schema = f.take("input_schema")
	t.Strict = f.bool("strict")
	t.Cache = readCache(f)
	t.Extra = f.rest()
	return t
}

func readChoice(r *canonical.Request, f *fields) {
	c := &canonical.Choice{}
	switch f.str("type") {
	case "auto":
		c.Mode = canonical.ChooseAuto
	case "any":
		c.Mode = canonical.ChooseAny
	case "none":
		c.Mode = canonical.ChooseNone
	case "tool":
		c.Mode, c.Name = canonical.ChooseNamed, f.str("name")
	default:
		f.fail("type", `must be "auto", "any", "tool" or "none"`)
	}
	if one := f.bool("disable_parallel_tool_use"); one != nil {
		many := !*one
		r.ParallelTools = &many
	}
	c.Extra = f.rest()
	r.Choice = c
}
