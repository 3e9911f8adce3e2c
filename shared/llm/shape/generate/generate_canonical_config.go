package generate

import (
	"encoding/json"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

type generationConfig struct {
	MaxOutputTokens  *int64          `json:"maxOutputTokens"`
	Temperature      *float64        `json:"temperature"`
	TopP             *float64        `json:"topP"`
	TopK             *float64        `json:"topK"`
	StopSequences    []string        `json:"stopSequences"`
	CandidateCount   *int64          `json:"candidateCount"`
	Seed             *int64          `json:"seed"`
	PresencePenalty  *float64        `json:"presencePenalty"`
	FrequencyPenalty *float64        `json:"frequencyPenalty"`
	ResponseLogprobs *bool           `json:"responseLogprobs"`
	Logprobs         *int64          `json:"logprobs"`
	MIMEType         string          `json:"responseMimeType"`
	Schema           json.RawMessage `json:"responseSchema"`
	JSONSchema       json.RawMessage `json:"responseJsonSchema"`
	Thinking         json.RawMessage `json:"thinkingConfig"`
}

var configNames = []string{
	"maxOutputTokens", "temperature", "topP", "topK", "stopSequences", "candidateCount", "seed", "presencePenalty",
	"frequencyPenalty", "responseLogprobs", "logprobs", "responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig",
}

func readConfig(r *canonical.Request, raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	var c generationConfig
	if err := decode(raw, &c, "generationConfig"); err != nil {
		return err
	}
	r.MaxTokens, r.Temperature, r.TopP, r.Stop, r.Count = c.MaxOutputTokens, c.Temperature, c.TopP, c.StopSequences, c.CandidateCount
	r.Seed, r.PresencePenalty, r.FrequencyPenalty = c.Seed, c.PresencePenalty, c.FrequencyPenalty
	r.LogProbs, r.TopLogProbs = c.ResponseLogprobs, c.Logprobs
	known := configNames
	if c.TopK != nil {
		whole := int64(*c.TopK)
		if r.TopK = &whole; float64(whole) != *c.TopK {
			r.TopK, known = nil, without(known, "topK")
		}
	}
	r.Format = readFormat(&c)
	if err := readThinking(r, c.Thinking); err != nil {
		return err
	}
	r.Extra = keep(r.Extra, "generationConfig", orEmpty(rest(raw, known...)))
	return nil
}

func without(names []string, name string) (out []string) {
	for _, n := range names {
		if n != name {
			out = append(out, n)
		}
	}
	return out
}

// readFormat reads the form of the answer; which of Google's two fields held the
// schema stands in Extra.
func readFormat(c *generationConfig) *canonical.Format {
	f := &canonical.Format{}
	if c.MIMEType != "" {
		mime, _ := json.Marshal(c.MIMEType) // a string always encodes
		f.Extra = canonical.Extra{"responseMimeType": mime}
	}
	switch {
	case len(c.JSONSchema) > 0:
		f.Type, f.Schema = "json_schema", c.JSONSchema
	case len(c.Schema) > 0:
		f.Type, f.Schema = "json_schema", lowered(c.Schema)
		f.Extra = orEmpty(f.Extra)
		f.Extra["responseSchema"] = c.Schema
	case c.MIMEType == "application/json":
		f.Type = "json_object"
	case c.MIMEType != "":
		f.Type = "text"
	default:
		return nil
	}
	return f
}

type thinkingConfig struct {
	Include *bool  `json:"includeThoughts"`
	Budget  *int64 `json:"thinkingBudget"`
	Level   string `json:"thinkingLevel"`
}

func readThinking(r *canonical.Request, raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	var t thinkingConfig
	if err := decode(raw, &t, "generationConfig.thinkingConfig"); err != nil {
		return err
	}
	r.Reasoning = &canonical.Reasoning{
		Budget: t.Budget, Effort: strings.ToLower(t.Level), Include: t.Include,
		Off: t.Budget != nil && *t.Budget == 0, Extra: rest(raw, "includeThoughts", "thinkingBudget", "thinkingLevel"),
	}
	if t.Level != strings.ToUpper(t.Level) {
		r.Reasoning.Extra = orEmpty(r.Reasoning.Extra)
		r.Reasoning.Extra["thinkingLevel"], _ = json.Marshal(t.Level) // a string always encodes
	}
	return nil
}
