package llmsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// generateRequest is what the simulator reads of a Gemini request.
type generateRequest struct {
	Contents          []geminiContent `json:"contents"`
	SystemInstruction *geminiContent  `json:"systemInstruction"`
	Tools             []struct {
		FunctionDeclarations []geminiFunction `json:"functionDeclarations"`
	} `json:"tools"`
	ToolConfig *struct {
		FunctionCallingConfig *struct {
			Mode                 string   `json:"mode"`
			AllowedFunctionNames []string `json:"allowedFunctionNames"`
		} `json:"functionCallingConfig"`
	} `json:"toolConfig"`
	GenerationConfig geminiConfig `json:"generationConfig"`
}

type geminiConfig struct {
	MaxOutputTokens    *int            `json:"maxOutputTokens"`
	StopSequences      []string        `json:"stopSequences"`
	CandidateCount     *int            `json:"candidateCount"`
	ResponseMIMEType   string          `json:"responseMimeType"`
	ResponseSchema     json.RawMessage `json:"responseSchema"`
	ResponseJSONSchema json.RawMessage `json:"responseJsonSchema"`
	ThinkingConfig     *struct {
		IncludeThoughts bool `json:"includeThoughts"`
	} `json:"thinkingConfig"`
}

type geminiFunction struct {
	Name           string          `json:"name"`
	Description    string          `json:"description"`
	Parameters     json.RawMessage `json:"parameters"`
	ParametersJSON json.RawMessage `json:"parametersJsonSchema"`
}

type geminiContent struct {
	Role  string       `json:"role,omitempty"`
	Parts []geminiPart `json:"parts"`
}

type geminiPart struct {
	Text             *string         `json:"text,omitempty"`
	Thought          bool            `json:"thought,omitempty"`
	FunctionCall     *geminiCall     `json:"functionCall,omitempty"`
	FunctionResponse *geminiResponse `json:"functionResponse,omitempty"`
	ThoughtSignature string          `json:"thoughtSignature,omitempty"`
}

type geminiCall struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

type geminiResponse struct {
	Name     string          `json:"name"`
	Response json.RawMessage `json:"response"`
}

func (r *generateRequest) toAsk(model string) (*ask, *problem) {
	if len(r.Contents) == 0 {
		return nil, badField("contents", "* GenerateContentRequest.contents: contents is not specified")
	}
	q := &ask{model: model, stops: r.GenerationConfig.StopSequences, maxTokens: limit(r.GenerationConfig.MaxOutputTokens)}
	if m := r.GenerationConfig.MaxOutputTokens; m != nil && *m < 1 {
		return nil, badField("generation_config.max_output_tokens", "* GenerateContentRequest.generation_config.max_output_tokens: must be positive")
	}
	if r.SystemInstruction != nil {
		q.turns = append(q.turns, turn{"system", r.SystemInstruction.text()})
	}
	for i, c := range r.Contents {
		if !slices.Contains([]string{"", "user", "model", "function"}, c.Role) {
			return nil, badField(fmt.Sprintf("contents[%d].role", i), "Please use a valid role: user, model.")
		}
		q.turns = append(q.turns, c.turns()...)
	}
	for _, t := range r.Tools {
		for _, f := range t.FunctionDeclarations {
			q.tools = append(q.tools, tool{f.Name, f.Description, firstOf(f.ParametersJSON, f.Parameters)})
		}
	}
	q.schema = firstOf(r.GenerationConfig.ResponseJSONSchema, r.GenerationConfig.ResponseSchema)
	q.object = r.GenerationConfig.ResponseMIMEType == "application/json"
	q.think = r.GenerationConfig.ThinkingConfig != nil && r.GenerationConfig.ThinkingConfig.IncludeThoughts
	q.choice = r.choice()
	return q, nil
}

func firstOf(raws ...json.RawMessage) json.RawMessage {
	for _, r := range raws {
		if len(r) > 0 && string(r) != "null" {
			return r
		}
	}
	return nil
}

func (r *generateRequest) choice() toolChoice {
	if r.ToolConfig == nil || r.ToolConfig.FunctionCallingConfig == nil {
		return toolChoice{}
	}
	c := r.ToolConfig.FunctionCallingConfig
	switch {
	case c.Mode == "NONE":
		return toolChoice{mode: "none"}
	case c.Mode == "ANY" && len(c.AllowedFunctionNames) == 1:
		return toolChoice{mode: "one", name: c.AllowedFunctionNames[0]}
	case c.Mode == "ANY":
		return toolChoice{mode: "any"}
	}
	return toolChoice{}
}

func (c *geminiContent) text() string {
	parts := make([]string, 0, len(c.Parts))
	for _, p := range c.Parts {
		if p.Text != nil {
			parts = append(parts, *p.Text)
		}
	}
	return strings.Join(parts, "\n")
}

// turns splits a content: function responses are turns of their own.
func (c *geminiContent) turns() []turn {
	role := "user"
	if c.Role == "model" {
		role = "assistant"
	}
	text := c.text()
	var out []turn
	for _, p := range c.Parts {
		if p.FunctionCall != nil {
			text += p.FunctionCall.Name + string(p.FunctionCall.Args)
		}
		if p.FunctionResponse != nil {
			out = append(out, turn{"tool", string(p.FunctionResponse.Response)})
		}
	}
	if text != "" || len(out) == 0 {
		out = append(out, turn{role, text})
	}
	return out
}
