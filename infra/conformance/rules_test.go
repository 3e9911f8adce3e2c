package conformance_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// rule is a difference that means nothing, by name. Its uses are counted: once
// for each request that would differ without it.
type rule struct {
	name string
	edit func(v any) any     // of both
	pair func(want, got any) // of both, each with an eye on the other; may be nil
	uses map[string]int
}

func (r rule) apply(want, got any) (any, any) {
	before := len(walk("", want, got))
	if r.pair != nil {
		r.pair(want, got)
	} else {
		want, got = r.edit(want), r.edit(got)
	}
	if r.uses != nil && before != len(walk("", want, got)) {
		r.uses[r.name]++
	}
	return want, got
}

// rules are those that hold between a recorded request and the one that a client
// of another protocol causes; own: the client spoke the provider's own.
func (b *book) rules(r *recording, kind llm.Kind, own bool, body []byte) (out []rule) {
	add := func(name string, edit func(any) any) { out = append(out, rule{name: name, edit: edit, uses: b.uses}) }
	pair := func(name string, p func(want, got any)) { out = append(out, rule{name: name, pair: p, uses: b.uses}) }
	if (r.kind == llm.Chat || r.kind == llm.Completion) && r.stream && r.dialect == "openai" {
		pair("usage is asked for in every stream", wantToo("stream_options", map[string]any{"include_usage": true}))
	}
	if own {
		return out
	}
	if kind == llm.Response && r.kind == llm.Message {
		add("Responses has no cache marks", everywhere(markless))
	}
	add("one text as a bare string", everywhere(bareText))
	add("arguments as JSON text", everywhere(sameArguments))
	if r.kind == llm.Chat || r.kind == llm.Response {
		add("max_tokens is max_completion_tokens", oneBound)
	}
	if kind == llm.Response && r.kind == llm.Chat && r.native {
		d, _ := decode(body)
		pair("Responses says that functions are not strict", func(want, _ any) { wantLoose(want, d) })
	}
	if kind == llm.Message && r.kind != llm.Message {
		add("Anthropic's functions are not said to be not strict", everywhere(notStrict))
		add("developers are the system to Anthropic", everywhere(developerless))
	}
	if kind != llm.Response && r.kind == llm.Response {
		add("instructions as a first item", instructionsFirst)
		add("developers are the system to chat", everywhere(developerless))
		pair("only Responses says what is told of reasoning", wantOnly("include", "reasoning.summary"))
	}
	if kind == llm.Chat && r.kind == llm.Message {
		pair("clients mark no turn of the assistant", func(want, _ any) { unmarkAnswers(want) })
	}
	if !r.native {
		add("ids that only tie a result to its call", tied)
	}
	if kind != r.kind || !r.native {
		add("budgets of reasoning are efforts elsewhere", everywhere(budgetless))
	}
	if kind == llm.Message && r.kind != llm.Message {
		d, _ := decode(body)
		pair("Anthropic's clients must say max_tokens", wantToo(r.bound(), d.at("max_tokens").v))
		add("Anthropic's schemas have no name", everywhere(namelessSchema))
	}
	return out
}

// twinRules are those between the same scenario as two vendors' clients wrote it.
func (b *book) twinRules(r *recording) (out []rule) {
	add := func(name string, edit func(any) any) { out = append(out, rule{name: name, edit: edit, uses: b.uses}) }
	add("twins: calls at once are allowed anyway", everywhere(func(m map[string]any) {
		if m["disable_parallel_tool_use"] == false {
			delete(m, "disable_parallel_tool_use")
		}
	}))
	if strings.HasPrefix(r.scenario(), "ObjectGeneration") {
		out = append(out, rule{name: "twins: OpenAI's strict schemas exclude other properties", uses: b.uses, pair: func(want, _ any) {
			everywhere(func(m map[string]any) {
				if m["properties"] != nil {
					m["additionalProperties"] = false
				}
			})(want)
		}})
	}
	if strings.HasPrefix(r.scenario(), "ObjectGeneration") && r.kind == llm.Message {
		add("twins: name and text of the tool that stands for a format", formatTool)
	}
	if strings.HasPrefix(r.scenario(), "CommonWithCacheControl") {
		add("twins: OpenAI's clients mark nothing for a cache", everywhere(markless))
		add("one text as a bare string", everywhere(bareText))
	}
	return out
}

// formatTool forgets how the one tool is called that an answer in a form is
// forced through.
func formatTool(v any) any {
	for _, at := range []doc{doc{v}.at("tools", 0), doc{v}.at("tool_choice")} {
		if m, ok := at.v.(map[string]any); ok {
			m["name"] = "it"
			delete(m, "description")
		}
	}
	return v
}

// wantLoose wants strict: false of each function of which the client says so.
func wantLoose(want any, said doc) {
	for i, t := range (doc{want}).at("tools").list() {
		f, _ := t.at("function").v.(map[string]any)
		if _, ok := f["strict"]; f != nil && !ok && said.at("tools", i, "strict").v == false {
			f["strict"] = false
		}
	}
}

// scenario is what was recorded with several providers, by its name; "" when a
// recording is of none.
func (r *recording) scenario() string {
	parts := strings.Split(r.file, "/")
	if len(parts) != 4 || r.before != nil {
		return ""
	}
	for _, suite := range []string{"CommonWithCacheControl", "CompatibleCommon", "Common", "ObjectGeneration"} {
		if name, ok := strings.CutSuffix(parts[1], suite); ok && !strings.HasSuffix(name, "Responses") {
			return strings.TrimPrefix(suite, "Compatible") + "/" + parts[3]
		}
	}
	return ""
}

// findTwins pairs each first call of a scenario with what OpenAI's client said in
// the same one.
func (b *book) findTwins(all []*recording) {
	said := map[string]*recording{}
	for _, r := range all {
		if strings.Contains(r.file, "OpenAI") && strings.Contains(r.file, "/openai-gpt-4o/") && r.kind == llm.Chat {
			said[r.scenario()] = r
		}
	}
	for _, r := range all {
		if twin := said[r.scenario()]; r.scenario() != "" && twin != nil && r.dialect != "openai" {
			b.twins[r] = twin
		}
	}
}

// everywhere edits every object, the inner ones first.
func everywhere(edit func(map[string]any)) func(any) any {
	var visit func(any) any
	visit = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				v[k] = visit(v[k])
			}
			edit(v)
		case []any:
			for i := range v {
				v[i] = visit(v[i])
			}
		}
		return v
	}
	return visit
}

// bareText makes a list of one plain text block the string that it stands for.
func bareText(m map[string]any) {
	for _, k := range []string{"content", "system", "output"} {
		l, _ := m[k].([]any)
		if len(l) != 1 {
			continue
		}
		block, _ := l[0].(map[string]any)
		text, ok := block["text"].(string)
		if kind, _ := block["type"].(string); ok && len(block) == 2 && slices.Contains([]string{"text", "input_text"}, kind) {
			m[k] = text
		}
	}
}

func sameArguments(m map[string]any) {
	if s, ok := m["arguments"].(string); ok {
		var v any
		if json.Unmarshal([]byte(s), &v) == nil {
			m["arguments"] = v
		}
	}
}

func oneBound(v any) any {
	m, _ := v.(map[string]any)
	if n, ok := m["max_completion_tokens"]; ok {
		m["max_tokens"] = n
		delete(m, "max_completion_tokens")
	}
	return v
}

func notStrict(m map[string]any) {
	if m["strict"] == false {
		delete(m, "strict")
	}
}

func namelessSchema(m map[string]any) {
	inner := m
	if s, ok := m["json_schema"].(map[string]any); ok {
		inner = s
	}
	if _, ok := inner["schema"]; ok {
		delete(inner, "name")
		delete(inner, "description")
		delete(inner, "strict")
	}
}

// unsayable says what of a request a client's protocol has no words for.
func unsayable(kind llm.Kind, asked *canonical.Request) string {
	for _, name := range []string{"audio", "modalities", "web_search_options"} {
		if asked.Origin == canonical.Chat && asked.Extra[name] != nil {
			return "only " + string(asked.Origin) + " has " + name
		}
	}
	if asked.Format != nil && asked.Format.Type == "json_object" && kind == llm.Message {
		return "messages has no format for any JSON object"
	}
	if kind == llm.Message && !slices.ContainsFunc(asked.Messages, func(m canonical.Message) bool { return m.Role == canonical.User }) {
		return "messages begins with a user"
	}
	for _, t := range asked.Tools {
		if t.Type != "" {
			return "a tool that the provider runs: " + t.Type
		}
	}
	for _, m := range asked.Messages {
		for _, b := range m.Blocks {
			switch {
			case b.Kind == canonical.Opaque:
				return "a block that only its provider knows"
			case b.Kind == canonical.Audio && kind == llm.Message:
				return "messages has no sound"
			}
		}
	}
	return ""
}

// mutate changes every field of a request that was found equal, and remembers
// which changes are seen and which are not.
func (b *book) mutate(r *recording, sent []byte, rules []rule) {
	quiet := slices.Clone(rules)
	for i := range quiet {
		quiet[i].uses = nil
	}
	if b.mutants[r] == nil {
		b.mutants[r] = map[string]bool{}
	}
	var paths [][]any
	d, _ := decode(sent)
	collect(d.v, nil, &paths)
	for _, p := range paths {
		for _, how := range []string{"deleted", "altered"} {
			m, _ := decode(sent)
			if !alter(m.v, p, how) {
				continue
			}
			name := pathText(p) + " " + how
			b.mutants[r][name] = b.mutants[r][name] || len(differences([]byte(r.Request.Body), []byte(m.json()), quiet...)) > 0
		}
	}
}

func collect(v any, at []any, out *[][]any) {
	if len(at) > 0 {
		*out = append(*out, slices.Clone(at))
	}
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			collect(x, append(at, k), out)
		}
	case []any:
		for i, x := range v {
			collect(x, append(at, i), out)
		}
	}
}

// alter changes one place; false when it cannot be changed so.
func alter(v any, at []any, how string) bool {
	for _, p := range at[:len(at)-1] {
		v = doc{v}.at(p).v
	}
	switch last := at[len(at)-1].(type) {
	case string:
		m := v.(map[string]any)
		if how == "deleted" {
			delete(m, last)
			return true
		}
		m[last] = other(m[last])
	case int:
		if how == "deleted" {
			return false // its parent is altered instead
		}
		l := v.([]any)
		l[last] = other(l[last])
	}
	return true
}

func other(v any) any {
	switch v := v.(type) {
	case string:
		return v + "?"
	case float64:
		return v + 1
	case bool:
		return !v
	case []any:
		return append(slices.Clone(v), "?")
	case map[string]any:
		return map[string]any{"?": v}
	}
	return "?"
}

func pathText(at []any) string {
	raw, _ := json.Marshal(at) // strings and numbers
	return strings.Trim(string(raw), "[]")
}

// wantOnly forgets members that the recording alone has, and what is empty then.
func wantOnly(paths ...string) func(want, got any) {
	return func(want, got any) {
		for _, p := range paths {
			if find(got, p) == nil {
				remove(want, p)
			}
		}
	}
}

// wantToo wants a member that the recording does not have: what the client said,
// or the gateway says to every provider.
func wantToo(path string, value any) func(want, got any) {
	return func(want, _ any) {
		if find(want, path) == nil && value != nil {
			set(want, path, value)
		}
	}
}

func set(v any, path string, value any) {
	m, _ := v.(map[string]any)
	name, rest, nested := strings.Cut(path, ".")
	if !nested {
		m[name] = value
		return
	}
	if m[name] == nil {
		m[name] = map[string]any{}
	}
	set(m[name], rest, value)
}

// bound is where the recording's protocol says how long an answer may be.
func (r *recording) bound() string {
	switch {
	case !r.native:
		return "generationConfig.maxOutputTokens"
	case r.kind == llm.Response:
		return "max_output_tokens"
	}
	return "max_tokens"
}

func find(v any, path string) any {
	for _, name := range strings.Split(path, ".") {
		v = doc{v}.at(name).v
	}
	return v
}

func remove(v any, path string) {
	parent, name, nested := strings.Cut(path, ".")
	m, _ := v.(map[string]any)
	if !nested {
		delete(m, parent)
		return
	}
	remove(m[parent], name)
	if inner, _ := m[parent].(map[string]any); m[parent] != nil && len(inner) == 0 {
		delete(m, parent)
	}
}

func instructionsFirst(v any) any {
	m, _ := v.(map[string]any)
	if text, ok := m["instructions"].(string); ok {
		m["input"] = append([]any{map[string]any{"role": "system", "content": text}}, listed(m["input"])...)
		delete(m, "instructions")
	}
	return v
}

func markless(m map[string]any) { delete(m, "cache_control") }

func budgetless(m map[string]any) {
	for _, k := range []string{"thinkingBudget", "budget_tokens"} {
		if n, ok := m[k].(float64); ok && n > 0 {
			m[k] = "some"
		}
	}
}

// tied names the ids of Gemini's calls by their order.
func tied(v any) any {
	names := map[string]string{}
	return everywhere(func(m map[string]any) {
		for _, k := range []string{"functionCall", "functionResponse"} {
			call, _ := m[k].(map[string]any)
			if id, ok := call["id"].(string); ok {
				if names[id] == "" {
					names[id] = strconv.Itoa(len(names) + 1)
				}
				call["id"] = names[id]
			}
		}
	})(v)
}

func developerless(m map[string]any) {
	if m["role"] == "developer" {
		m["role"] = "system"
	}
}

// unmarkAnswers forgets the cache marks in the turns of an assistant.
func unmarkAnswers(v any) {
	for _, m := range (doc{v}).at("messages").list() {
		if m.at("role").str() == "assistant" {
			everywhere(markless)(m.v)
		}
	}
}
