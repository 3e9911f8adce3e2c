package llmsim

import (
	"encoding/json"
	"errors"
	"slices"
)

// chatRequest is what the simulator reads of a chat completion's request.
type chatRequest struct {
	Model               string        `json:"model"`
	Messages            []chatMessage `json:"messages"`
	Stream              bool          `json:"stream"`
	StreamOptions       *usageOption  `json:"stream_options"`
	MaxTokens           *int          `json:"max_tokens"`
	MaxCompletionTokens *int          `json:"max_completion_tokens"`
	N                   *int          `json:"n"`
	Stop                json.RawMessage
	Tools               []chatTool      `json:"tools"`
	ToolChoice          json.RawMessage `json:"tool_choice"`
	ParallelToolCalls   *bool           `json:"parallel_tool_calls"`
	ResponseFormat      *struct {
		Type       string `json:"type"`
		JSONSchema *struct {
			Name   string          `json:"name"`
			Schema json.RawMessage `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
	ReasoningEffort  string `json:"reasoning_effort"`
	ReasoningFormat  string `json:"reasoning_format"`  // Groq
	IncludeReasoning *bool  `json:"include_reasoning"` // Groq
}

type usageOption struct {
	IncludeUsage bool `json:"include_usage"`
}

type chatMessage struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	Name       string          `json:"name"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []chatCall      `json:"tool_calls"`
}

type chatCall struct {
	Index    *int         `json:"index,omitempty"`
	ID       string       `json:"id,omitempty"`
	Type     string       `json:"type,omitempty"`
	Function callFunction `json:"function"`
}

type callFunction struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

type chatTool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

const maxChoices = 8

// toAsk checks a request and puts it into the shared terms.
func (r *chatRequest) toAsk() (*ask, *problem) {
	if p := r.check(); p != nil {
		return nil, p
	}
	q := &ask{model: r.Model, stream: r.Stream, oneCall: r.ParallelToolCalls != nil && !*r.ParallelToolCalls}
	for i, m := range r.Messages {
		text, err := openaiContent(m.Content)
		if err != nil {
			return nil, badField("messages", "Invalid 'messages[%d].content': expected a string or an array of parts.", i)
		}
		q.turns = append(q.turns, turn{role: chatRole(m.Role), text: text + callsText(m.ToolCalls)})
	}
	for _, t := range r.Tools {
		q.tools = append(q.tools, tool{t.Function.Name, t.Function.Description, t.Function.Parameters})
	}
	if f := r.ResponseFormat; f != nil {
		q.object = f.Type == "json_object"
		if f.JSONSchema != nil {
			q.schema = f.JSONSchema.Schema
		}
	}
	q.maxTokens = limit(r.MaxCompletionTokens, r.MaxTokens)
	var p *problem
	if q.stops, p = stopList(r.Stop); p != nil {
		return nil, p
	}
	q.choice, p = chatChoice(r.ToolChoice, q.tools)
	return q, p
}

func (r *chatRequest) check() *problem {
	switch {
	case r.Model == "":
		return badField("model", "you must provide a model parameter")
	case len(r.Messages) == 0:
		return emptyMessages()
	case r.N != nil && (*r.N < 1 || *r.N > maxChoices):
		return badField("n", "Invalid 'n': expected a value between 1 and %d, but got %d instead.", maxChoices, *r.N)
	case r.MaxTokens != nil && *r.MaxTokens < 1:
		return belowMinimum("max_tokens", *r.MaxTokens)
	case r.MaxCompletionTokens != nil && *r.MaxCompletionTokens < 1:
		return belowMinimum("max_completion_tokens", *r.MaxCompletionTokens)
	}
	for i, m := range r.Messages {
		if !slices.Contains([]string{"system", "developer", "user", "assistant", "tool", "function"}, m.Role) {
			return badField("messages", "Invalid value for 'messages[%d].role': '%s'.", i, clip(m.Role, 40))
		}
	}
	return r.checkTools()
}

func (r *chatRequest) checkTools() *problem {
	for i, t := range r.Tools {
		if t.Function.Name == "" && (t.Type == "" || t.Type == "function") {
			return badField("tools", "Missing required parameter: 'tools[%d].function.name'.", i)
		}
	}
	return nil
}

func emptyMessages() *problem {
	p := badField("messages", "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	p.code = "empty_array"
	return p
}

func belowMinimum(field string, got int) *problem {
	p := badField(field, "Invalid '%s': integer below minimum value. Expected a value >= 1, but got %d instead.", field, got)
	p.code = "integer_below_min_value"
	return p
}

// limit returns the first limit that is set.
func limit(limits ...*int) int {
	for _, l := range limits {
		if l != nil {
			return *l
		}
	}
	return 0
}

func stopList(raw json.RawMessage) ([]string, *problem) {
	stops, err := stringOrList(raw)
	if err != nil || len(stops) > 4 {
		return nil, badField("stop", "Invalid 'stop': expected a string or an array of at most 4 strings.")
	}
	return stops, nil
}

func chatRole(role string) string {
	switch role {
	case "developer":
		return "system"
	case "function":
		return "tool"
	}
	return role
}

func callsText(calls []chatCall) string {
	s := ""
	for _, c := range calls {
		s += c.Function.Name + c.Function.Arguments
	}
	return s
}

// chatChoice reads tool_choice: "auto", "none", "required", or an object that
// names a function.
func chatChoice(raw json.RawMessage, tools []tool) (toolChoice, *problem) {
	var mode string
	if len(raw) == 0 || json.Unmarshal(raw, &mode) == nil {
		switch mode {
		case "required":
			return toolChoice{mode: "any"}, nil
		case "none", "auto", "":
			return toolChoice{mode: mode}, nil
		}
		return toolChoice{}, badField("tool_choice", "Invalid value for 'tool_choice': '%s'.", clip(mode, 40))
	}
	var one struct {
		Name     string `json:"name"` // Responses
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	_ = json.Unmarshal(raw, &one) // an unreadable one names nothing
	name := one.Function.Name + one.Name
	if pick(tools, name) == nil {
		return toolChoice{}, badField("tool_choice", "Tool choice '%s' not found in 'tools' parameter.", clip(name, 60))
	}
	return toolChoice{mode: "one", name: name}, nil
}

func asType[T error](err error, into *T) bool { return errors.As(err, into) }
