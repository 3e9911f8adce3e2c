package generate

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

type request struct {
	Contents          []json.RawMessage `json:"contents"`
	SystemInstruction json.RawMessage   `json:"systemInstruction"`
	Tools             json.RawMessage   `json:"tools"`
	ToolConfig        json.RawMessage   `json:"toolConfig"`
	GenerationConfig  json.RawMessage   `json:"generationConfig"`
}

// ReadRequest implements canonical.Protocol.
func (protocol) ReadRequest(body []byte) (*canonical.Request, error) {
	var in request
	if err := decode(body, &in, "body"); err != nil {
		return nil, err
	}
	r := &canonical.Request{
		Origin: canonical.Generate,
		Extra:  rest(body, "contents", "systemInstruction", "tools", "toolConfig", "generationConfig"),
	}
	if len(in.Contents) == 0 {
		return nil, dcoder.Invalid("contents", "contents must be a list of at least one content")
	}
	for _, read := range []func() error{
		func() error { return readSystem(r, in.SystemInstruction) },
		func() error { return readContents(r, in.Contents) },
		func() error { return readTools(r, in.Tools) },
		func() error { return readToolConfig(r, in.ToolConfig) },
		func() error { return readConfig(r, in.GenerationConfig) },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	pair(r)
	return r, nil
}

func readSystem(r *canonical.Request, raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	var c content
	if err := decode(raw, &c, "systemInstruction"); err != nil {
		return err
	}
	blocks, err := readParts(c.Parts, "systemInstruction.parts")
	r.System = blocks
	r.Extra = keep(r.Extra, "systemInstruction", orEmpty(rest(raw, "parts")))
	return err
}

// orEmpty makes sure that an object which was there, be it empty, comes back.
func orEmpty(e canonical.Extra) canonical.Extra {
	if e == nil {
		return canonical.Extra{}
	}
	return e
}

func readContents(r *canonical.Request, raw []json.RawMessage) error {
	for _, one := range raw {
		var c content
		if err := decode(one, &c, "contents"); err != nil {
			return err
		}
		blocks, err := readParts(c.Parts, "contents.parts")
		if err != nil {
			return err
		}
		m := canonical.Message{Role: roleOf(c.Role), Blocks: blocks, Extra: rest(one, "role", "parts")}
		if c.Role == nil || writtenRole(m.Role) != *c.Role {
			m.Extra = keepRole(m.Extra, c.Role)
		}
		r.Messages = append(r.Messages, m)
	}
	return nil
}

// roleOf reads a role: no role at all is the user's.
func roleOf(role *string) canonical.Role {
	switch {
	case role == nil:
		return canonical.User
	case *role == "model":
		return canonical.Assistant
	case *role == "function":
		return canonical.ToolRole
	}
	return canonical.User
}

func writtenRole(r canonical.Role) string {
	if r == canonical.Assistant {
		return "model"
	}
	return "user"
}

// keepRole remembers a role that canonical has no word for: null is none.
func keepRole(e canonical.Extra, role *string) canonical.Extra {
	e = orEmpty(e)
	e["role"], _ = json.Marshal(role) // a string always encodes
	return e
}
