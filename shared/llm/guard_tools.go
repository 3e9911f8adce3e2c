package llm

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/guard"
)

// declaring is what requests of every shape declare tools with.
type declaring struct {
	Tools     []declaredTool `json:"tools"`
	Functions []struct {
		Name string `json:"name"`
	} `json:"functions"`
}

type declaredTool struct {
	Type     string `json:"type"`
	Name     string `json:"name"`
	Function struct {
		Name string `json:"name"`
	} `json:"function"`
	Custom struct {
		Name string `json:"name"`
	} `json:"custom"`
}

// name is the function's own, or the provider's for a tool that it brings.
func (t *declaredTool) name() string {
	for _, s := range []string{t.Function.Name, t.Custom.Name, t.Name, t.Type} {
		if s != "" {
			return s
		}
	}
	return ""
}

// declared refuses a request that declares a tool that its key may not use. Only
// requests of tenants that have such a list pay for it.
func (w *guardedCall) declared() error {
	if w.rules.tools == nil || !bytes.Contains(w.req.Doc.Raw, []byte(`"name"`)) && !bytes.Contains(w.req.Doc.Raw, []byte(`"tools"`)) {
		return nil
	}
	var d declaring
	if err := json.Unmarshal(w.req.Doc.Raw, &d); err != nil {
		return dcoder.Invalid("tools", "tools must be a list of tools with names")
	}
	for i := range d.Tools {
		if name := d.Tools[i].name(); !w.rules.tools.Allows(name) {
			return w.undeclarable(name, fmt.Sprintf("tools[%d]", i))
		}
	}
	for i := range d.Functions {
		if name := d.Functions[i].Name; !w.rules.tools.Allows(name) {
			return w.undeclarable(name, fmt.Sprintf("functions[%d]", i))
		}
	}
	return nil
}

func (w *guardedCall) undeclarable(name, field string) error {
	_ = w.block("input", []dcoder.GuardFinding{{Category: "tools", Rule: "tool_not_allowed", Field: field, Confidence: 100, Count: 1}},
		guard.Finding{Rule: "tool_not_allowed"}, field)
	e := dcoder.Forbidden("tool_not_allowed", "the tool %s is not allowed to this key", quoted(bounded(name)))
	e.Field, e.NoRetry = field, true
	return e
}

// callMarks stand in every answer that calls a tool, one of them for each shape.
var callMarks = [][]byte{[]byte(`"tool_calls"`), []byte(`"tool_use"`), []byte(`"function_call"`), []byte(`"functionCall"`)}

// foreignCall returns the first tool that an answer, or an event of one, calls
// and that is not allowed.
func (w *guardedCall) foreignCall(raw []byte) (string, bool) {
	if w.rules.tools == nil || !calls(raw) {
		return "", false
	}
	for s := (guard.Strings{Raw: raw}); s.Next(); {
		if string(s.Name) != "name" || s.Start == s.End {
			continue
		}
		if name := string(guard.Unescape(nil, raw[s.Start:s.End])); !w.rules.tools.Allows(name) {
			return name, true
		}
	}
	return "", false
}

func calls(raw []byte) bool {
	for _, m := range callMarks {
		if bytes.Contains(raw, m) {
			return true
		}
	}
	return false
}
