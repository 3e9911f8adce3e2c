package chat

import (
	"encoding/json"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// readLegacy reads functions, function_call and messages of the role function,
// which were OpenAI's tools before tools. They stand in Extra as well, where the
// writers of this protocol find them; answers are told in the same old words.
func readLegacy(r *canonical.Request) {
	v := r.Extra["functions"]
	if kind(v) != '[' || len(r.Tools) > 0 {
		return
	}
	for i, e := range elements(v) {
		if t, err := readFunction("functions["+strconv.Itoa(i)+"]", e); err == nil {
			r.Tools = append(r.Tools, t)
		}
	}
	r.Extra[asLegacy] = null
	if c := r.Extra["function_call"]; c != nil && r.Choice == nil {
		r.Choice = legacyChoice(c)
	}
	pairLegacy(r)
}

// isLegacy reports whether the tools of a request were said as functions.
func isLegacy(r *canonical.Request) bool {
	return r != nil && r.Origin == canonical.Chat && r.Extra[asLegacy] != nil
}

func legacyChoice(v json.RawMessage) *canonical.Choice {
	if word, ok := text(v); ok && choiceWords[word] != "" {
		return &canonical.Choice{Mode: choiceWords[word]}
	}
	if name, ok := text(member(v, "name")); ok {
		return &canonical.Choice{Mode: canonical.ChooseNamed, Name: name}
	}
	return nil
}

// pairLegacy turns calls and results without ids into blocks with ids that
// belong together: a result answers the last call.
func pairLegacy(r *canonical.Request) {
	last := ""
	for i := range r.Messages {
		m := &r.Messages[i]
		if c := m.Extra["function_call"]; kind(c) == '{' && m.Role == canonical.Assistant {
			last = "call_" + strconv.Itoa(i)
			call := &canonical.Call{ID: last}
			call.Name, _ = text(member(c, "name"))
			call.Arguments, _ = argumentsOf("", member(c, "arguments"))
			m.Blocks = append(m.Blocks, canonical.Block{Kind: canonical.ToolUse, Call: call})
		}
		if m.Extra["role"] != nil && m.Role == canonical.ToolRole && len(m.Blocks) > 0 && m.Blocks[0].Result != nil {
			m.Blocks[0].Result.ID = last
		}
	}
}
