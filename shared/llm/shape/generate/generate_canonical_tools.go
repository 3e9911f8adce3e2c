package generate

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

type declaration struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
	JSONSchema  json.RawMessage `json:"parametersJsonSchema"`
}

// readTools reads the groups of tools. Tools that Google runs itself (search,
// code execution) have their member's name as type.
func readTools(r *canonical.Request, raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	var groups []map[string]json.RawMessage
	if err := decode(raw, &groups, "tools"); err != nil {
		return err
	}
	for _, g := range groups {
		for name, v := range g {
			if name != "functionDeclarations" {
				r.Tools = append(r.Tools, canonical.Tool{Type: name, Extra: canonical.Extra{name: v}})
			}
		}
		if err := readDeclarations(r, g["functionDeclarations"]); err != nil {
			return err
		}
	}
	if _, bare := functionsOnly(r.Tools); !bare || len(groups) != 1 {
		if r.Extra == nil {
			r.Extra = canonical.Extra{}
		}
		r.Extra["tools"] = raw // how they were grouped says nothing to anybody else
	}
	return nil
}

func functionsOnly(tools []canonical.Tool) (functions []canonical.Tool, all bool) {
	for _, t := range tools {
		if t.Type == "" {
			functions = append(functions, t)
		}
	}
	return functions, len(functions) == len(tools)
}

func readDeclarations(r *canonical.Request, raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	var all []json.RawMessage
	if err := decode(raw, &all, "tools.functionDeclarations"); err != nil {
		return err
	}
	for _, one := range all {
		var d declaration
		if err := decode(one, &d, "tools.functionDeclarations"); err != nil {
			return err
		}
		t := canonical.Tool{Name: d.Name, Description: d.Description, Extra: rest(one, "name", "description", "parameters")}
		t.Schema = d.JSONSchema
		if len(d.Parameters) > 0 {
			t.Schema = lowered(d.Parameters)
			if back, err := googleSchema(t.Schema); err != nil || !sameJSON(back.JSON, d.Parameters) {
				t.Extra = orEmpty(t.Extra)
				t.Extra["parameters"] = d.Parameters
			}
		}
		r.Tools = append(r.Tools, t)
	}
	return nil
}

type callingConfig struct {
	Mode    string   `json:"mode"`
	Allowed []string `json:"allowedFunctionNames"`
}

// readToolConfig reads which tools must be used; what does not fit a Choice, or
// would not come back out of it, is kept.
func readToolConfig(r *canonical.Request, raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	var in struct {
		Calling *callingConfig `json:"functionCallingConfig"`
	}
	if err := decode(raw, &in, "toolConfig"); err != nil {
		return err
	}
	if in.Calling != nil {
		r.Choice = readChoice(in.Calling)
	}
	var w output
	writeChoice(&w, r.Choice)
	if !sameJSON(w.b, raw) {
		r.Extra = orEmpty(r.Extra)
		r.Extra["toolConfig"] = raw
	}
	return nil
}

func readChoice(c *callingConfig) *canonical.Choice {
	switch {
	case c.Mode == "NONE":
		return &canonical.Choice{Mode: canonical.ChooseNone}
	case c.Mode == "ANY" && len(c.Allowed) == 1:
		return &canonical.Choice{Mode: canonical.ChooseNamed, Name: c.Allowed[0]}
	case c.Mode == "ANY":
		return &canonical.Choice{Mode: canonical.ChooseAny}
	}
	return &canonical.Choice{Mode: canonical.ChooseAuto}
}
