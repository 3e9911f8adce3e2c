package llmsim

import (
	"cmp"
	"encoding/json"
)

// responseRequest is what the simulator reads of OpenAI's Responses API.
type responseRequest struct {
	Model             string          `json:"model"`
	Input             json.RawMessage `json:"input"`
	Instructions      *string         `json:"instructions"`
	MaxOutputTokens   *int            `json:"max_output_tokens"`
	Stream            bool            `json:"stream"`
	Tools             []responseTool  `json:"tools"`
	ToolChoice        json.RawMessage `json:"tool_choice"`
	ParallelToolCalls *bool           `json:"parallel_tool_calls"`
	Text              struct {
		Format struct {
			Type   string          `json:"type"`
			Schema json.RawMessage `json:"schema"`
		} `json:"format"`
	} `json:"text"`
	Reasoning struct {
		Effort  *string `json:"effort"`
		Summary *string `json:"summary"`
	} `json:"reasoning"`
}

type responseTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
}

// responseItem is one item of the input: a message, a call, or its output.
type responseItem struct {
	Type      string          `json:"type"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	Name      string          `json:"name"`
	Arguments string          `json:"arguments"`
	Output    json.RawMessage `json:"output"`
}

func (r *responseRequest) toAsk() (*ask, *problem) {
	switch {
	case r.Model == "":
		return nil, badField("model", "Missing required parameter: 'model'.")
	case r.MaxOutputTokens != nil && *r.MaxOutputTokens < 1:
		return nil, belowMinimum("max_output_tokens", *r.MaxOutputTokens)
	}
	q := &ask{
		model: r.Model, stream: r.Stream, maxTokens: limit(r.MaxOutputTokens), object: r.Text.Format.Type == "json_object",
		oneCall: r.ParallelToolCalls != nil && !*r.ParallelToolCalls, think: r.Reasoning.Summary != nil, schema: r.Text.Format.Schema,
	}
	if r.Instructions != nil {
		q.turns = append(q.turns, turn{"system", *r.Instructions})
	}
	turns, p := r.turns()
	if p != nil {
		return nil, p
	}
	q.turns = append(q.turns, turns...)
	for _, t := range r.Tools {
		if t.Type == "function" {
			q.tools = append(q.tools, tool{t.Name, t.Description, t.Parameters})
		}
	}
	q.choice, p = chatChoice(r.ToolChoice, q.tools)
	return q, p
}

func (r *responseRequest) turns() ([]turn, *problem) {
	var text string
	if json.Unmarshal(r.Input, &text) == nil && text != "" {
		return []turn{{"user", text}}, nil
	}
	var items []responseItem
	if json.Unmarshal(r.Input, &items) != nil || len(items) == 0 {
		return nil, badField("input", "Missing required parameter: 'input'.")
	}
	var out []turn
	for i, it := range items {
		text, err := openaiContent(firstOf(it.Content, it.Output))
		if err != nil {
			return nil, badField("input", "Invalid type for 'input[%d].content'.", i)
		}
		switch it.Type {
		case "function_call_output":
			out = append(out, turn{"tool", text})
		case "function_call":
			out = append(out, turn{"assistant", it.Name + it.Arguments})
		case "", "message":
			out = append(out, turn{chatRole(cmp.Or(it.Role, "user")), text})
		}
	}
	return out, nil
}
