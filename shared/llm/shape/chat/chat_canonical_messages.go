package chat

import (
	"encoding/json"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

func readMessages(r *canonical.Request, key string, v json.RawMessage) error {
	if kind(v) != '[' {
		return dcoder.Invalid(key, "%s must be a list", key)
	}
	r.Messages = []canonical.Message{}
	for i, e := range elements(v) {
		m := message{path: key + "[" + strconv.Itoa(i) + "]"}
		if err := m.read(e); err != nil {
			return err
		}
		r.Messages = append(r.Messages, m.Message)
	}
	return nil
}

// message is a message that is being read.
type message struct {
	canonical.Message
	path    string
	raw     map[string]json.RawMessage
	content []canonical.Block
}

var roles = map[string]canonical.Role{
	"system": canonical.System, "developer": canonical.Developer, "user": canonical.User,
	"assistant": canonical.Assistant, "tool": canonical.ToolRole, "function": canonical.ToolRole,
}

// read takes a message apart. Fields that other protocols have a block for and
// this one tells beside the content (reasoning) become blocks, and stand in Extra
// as well, so that they come back as they were.
func (m *message) read(v json.RawMessage) error {
	if kind(v) != '{' {
		return dcoder.Invalid(m.path, "a message must be an object")
	}
	m.raw = without(v)
	word, _ := text(m.raw["role"])
	role, ok := roles[word]
	if !ok {
		return dcoder.Invalid(m.path+".role", "role must be system, developer, user, assistant or tool")
	}
	m.Role = role
	m.Name, _ = text(m.raw["name"])
	if err := m.readContent(); err != nil {
		return err
	}
	if err := m.assemble(word); err != nil {
		return err
	}
	m.keep(word)
	m.mark()
	return nil
}

// assemble puts the blocks into the order of a turn.
func (m *message) assemble(word string) error {
	switch {
	case word == "function":
		m.Blocks = []canonical.Block{{Kind: canonical.ToolResult, Result: &canonical.Result{
			Name: m.Name, Blocks: m.content, Plain: m.Plain,
		}}}
	case m.Role == canonical.ToolRole:
		return m.readResult()
	case m.Role == canonical.Assistant:
		return m.readTurn()
	default:
		m.Blocks = m.content
	}
	return nil
}

func (m *message) readResult() error {
	id, ok := text(m.raw["tool_call_id"])
	if !ok || id == "" {
		return dcoder.Invalid(m.path+".tool_call_id", "a message of a tool needs the tool_call_id of the call that it answers")
	}
	m.Blocks = []canonical.Block{{Kind: canonical.ToolResult, Result: &canonical.Result{
		ID: bareID(id), Name: m.Name, Blocks: m.content, Plain: m.Plain,
	}}}
	return nil
}

// readTurn reads what an assistant said: reasoning, text, a refusal, calls.
func (m *message) readTurn() error {
	m.Blocks = append(m.thoughts(), m.content...)
	if s, ok := text(m.raw["refusal"]); ok {
		m.Blocks = append(m.Blocks, canonical.Block{Kind: canonical.Refusal, Text: s, Extra: canonical.Extra{besideText: null}})
	}
	m.signText()
	return m.readCalls()
}

// taken are the fields of a message that the canonical form holds.
var taken = []string{"role", "content", "name", "tool_call_id", "tool_calls"}

// keep puts everything else, and what would come back otherwise than it was
// said, into Extra.
func (m *message) keep(word string) {
	for key, v := range m.raw {
		known := contains(taken, key) && kind(v) != 'n'
		switch key {
		case "role":
			known = word != "function"
		case "content":
			known = known && !(kind(v) == '[' && len(m.content) == 0)
		case "name":
			known = m.Name != ""
		case "tool_calls":
			known = known && m.Role == canonical.Assistant && kind(trim(v[1:])) != ']'
		case "tool_call_id":
			known = known && m.Role == canonical.ToolRole && word == "tool"
		}
		if !known {
			set(&m.Extra, key, v)
		}
	}
}

// mark puts a message's own cache_control on its last block.
func (m *message) mark() {
	v, ok := m.Extra["cache_control"]
	if n := len(m.Blocks); ok && n > 0 && kind(v) == '{' && m.Blocks[n-1].Cache == nil {
		m.Blocks[n-1].Cache = &canonical.CacheControl{}
		m.Blocks[n-1].Cache.TTL, _ = text(member(v, "ttl"))
	}
}

// readContent reads a string, null, or parts.
func (m *message) readContent() error {
	v, ok := m.raw["content"]
	if !ok || isNull(v) {
		return nil
	}
	if s, ok := text(v); ok {
		m.Plain, m.content = true, []canonical.Block{{Kind: canonical.Text, Text: s}}
		return nil
	}
	if kind(v) != '[' {
		return dcoder.Invalid(m.path+".content", "content must be a string or a list of parts")
	}
	for i, e := range elements(v) {
		b, err := readPart(m.path+".content["+strconv.Itoa(i)+"]", e)
		if err != nil {
			return err
		}
		m.content = append(m.content, b)
	}
	return nil
}
