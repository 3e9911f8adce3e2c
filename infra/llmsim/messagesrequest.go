package llmsim

import (
	"encoding/json"
	"fmt"
	"strings"
)

// messagesRequest is what the simulator reads of an Anthropic request. On
// Vertex the model stands in the path.
type messagesRequest struct {
	Model         string          `json:"model"`
	MaxTokens     *int            `json:"max_tokens"`
	System        json.RawMessage `json:"system"`
	Messages      []claudeMessage `json:"messages"`
	Stream        bool            `json:"stream"`
	StopSequences []string        `json:"stop_sequences"`
	Tools         []claudeTool    `json:"tools"`
	ToolChoice    *struct {
		Type, Name             string
		DisableParallelToolUse bool `json:"disable_parallel_tool_use"`
	} `json:"tool_choice"`
	Thinking *struct {
		Type         string `json:"type"`
		BudgetTokens int    `json:"budget_tokens"`
	} `json:"thinking"`
	OutputConfig *struct {
		Format *claudeFormat `json:"format"`
	} `json:"output_config"`
	OutputFormat *claudeFormat `json:"output_format"`
}

type claudeFormat struct {
	Type   string          `json:"type"`
	Schema json.RawMessage `json:"schema"`
}

type claudeMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

type claudeTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	InputSchema json.RawMessage `json:"input_schema"`
}

// claudeBlock is a content block of a request.
type claudeBlock struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   json.RawMessage `json:"content"` // of a tool_result
}

func (r *messagesRequest) toAsk(counting bool) (*ask, *problem) {
	if p := r.check(counting); p != nil {
		return nil, p
	}
	q := &ask{model: r.Model, stream: r.Stream, stops: r.StopSequences, think: r.Thinking != nil && r.Thinking.Type != "disabled"}
	system, _, err := claudeContent(r.System)
	if err != nil {
		return nil, badField("system", "Input should be a valid string or list of blocks")
	}
	if system != "" {
		q.turns = append(q.turns, turn{"system", system})
	}
	for i, m := range r.Messages {
		turns, p := m.turns(i)
		if p != nil {
			return nil, p
		}
		q.turns = append(q.turns, turns...)
	}
	q.maxTokens = limit(r.MaxTokens)
	return q, r.addTools(q)
}

func (r *messagesRequest) addTools(q *ask) *problem {
	for i, t := range r.Tools {
		if t.Name == "" {
			return badField(fmt.Sprintf("tools.%d.name", i), "Field required")
		}
		if t.InputSchema != nil {
			q.tools = append(q.tools, tool{t.Name, t.Description, t.InputSchema})
		}
	}
	for _, f := range []*claudeFormat{r.OutputFormat, r.format()} {
		if f != nil {
			q.schema = f.Schema
		}
	}
	if c := r.ToolChoice; c != nil {
		q.oneCall = c.DisableParallelToolUse
		q.choice = toolChoice{mode: map[string]string{"tool": "one"}[c.Type] + map[string]string{"any": "any", "none": "none"}[c.Type], name: c.Name}
		if c.Type == "tool" && pick(q.tools, c.Name) == nil {
			return badField("tool_choice", "Tool '%s' not found in provided tools", clip(c.Name, 60))
		}
	}
	return nil
}

func (r *messagesRequest) format() *claudeFormat {
	if r.OutputConfig == nil {
		return nil
	}
	return r.OutputConfig.Format
}

func (r *messagesRequest) check(counting bool) *problem {
	switch {
	case r.Model == "":
		return badField("model", "Field required")
	case r.MaxTokens == nil && !counting:
		return badField("max_tokens", "Field required")
	case r.MaxTokens != nil && *r.MaxTokens < 1:
		return badField("max_tokens", "Input should be greater than or equal to 1")
	case r.Messages == nil:
		return badField("messages", "Field required")
	case len(r.Messages) == 0:
		return badField("messages", "at least one message is required")
	case r.Thinking != nil && r.Thinking.Type == "enabled" && r.Thinking.BudgetTokens < 1024:
		return badField("thinking.enabled.budget_tokens", "Input should be greater than or equal to 1024")
	}
	return nil
}

// turns splits a message: tool results are turns of their own.
func (m *claudeMessage) turns(i int) ([]turn, *problem) {
	if m.Role != "user" && m.Role != "assistant" {
		return nil, badField("messages", "Unexpected role \"%s\". Allowed roles are \"user\" or \"assistant\".", clip(m.Role, 20))
	}
	text, results, err := claudeContent(m.Content)
	if err != nil {
		return nil, badField(fmt.Sprintf("messages.%d.content", i), "Input should be a valid string or list of blocks")
	}
	var out []turn
	for _, r := range results {
		out = append(out, turn{"tool", r})
	}
	if text != "" || len(out) == 0 {
		out = append(out, turn{m.Role, text})
	}
	return out, nil
}

// claudeContent reads a string or a list of blocks into its text and the texts
// of its tool results.
func claudeContent(raw json.RawMessage) (text string, results []string, err error) {
	if len(raw) == 0 || json.Unmarshal(raw, &text) == nil {
		return text, nil, nil
	}
	var blocks []claudeBlock
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return "", nil, fmt.Errorf("read content: %w", err)
	}
	var parts []string
	for _, b := range blocks {
		switch b.Type {
		case "text":
			parts = append(parts, b.Text)
		case "tool_use":
			parts = append(parts, b.Name+string(b.Input))
		case "tool_result":
			inner, _, err := claudeContent(b.Content)
			if err != nil {
				return "", nil, err
			}
			results = append(results, inner)
		}
	}
	return strings.Join(parts, "\n"), results, nil
}
