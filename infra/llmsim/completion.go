package llmsim

import (
	"encoding/json"
	"strings"
)

// completionRequest is what the simulator reads of a legacy completion's request.
type completionRequest struct {
	Model         string          `json:"model"`
	Prompt        json.RawMessage `json:"prompt"`
	MaxTokens     *int            `json:"max_tokens"`
	Stream        bool            `json:"stream"`
	StreamOptions *usageOption    `json:"stream_options"`
	Stop          json.RawMessage `json:"stop"`
}

// legacyMaxTokens is OpenAI's default for this route.
const legacyMaxTokens = 16

func readCompletion(x *exchange) (*asked, *problem) {
	var r completionRequest
	if p := decode(x.body, &r); p != nil {
		return nil, p
	}
	prompts, p := r.check()
	if p != nil {
		return nil, p
	}
	stops, p := stopList(r.Stop)
	if p != nil {
		return nil, p
	}
	return &asked{model: r.Model, write: func(f *Fault) (*script, *problem) {
		return r.write(prompts, stops, f.Tokens), nil
	}}, nil
}

func (r *completionRequest) check() ([]string, *problem) {
	if r.Model == "" {
		return nil, badField("model", "you must provide a model parameter")
	}
	if r.MaxTokens != nil && *r.MaxTokens < 0 {
		p := badField("max_tokens", "Invalid 'max_tokens': integer below minimum value. Expected a value >= 0, but got %d instead.", *r.MaxTokens)
		p.code = "integer_below_min_value"
		return nil, p
	}
	prompts, ok := texts(r.Prompt)
	if !ok || len(prompts) == 0 {
		return nil, badField("prompt", "Invalid 'prompt': expected a string, or an array of strings or tokens.")
	}
	return prompts, nil
}

// texts reads a string, strings, tokens, or lists of tokens. Token n stands for
// the word "tn", since only its count and identity matter.
func texts(raw json.RawMessage) ([]string, bool) {
	if many, err := stringOrList(raw); err == nil {
		return many, true
	}
	var one []int
	if json.Unmarshal(raw, &one) == nil {
		return []string{tokensText(one)}, true
	}
	var lists [][]int
	if json.Unmarshal(raw, &lists) != nil {
		return nil, false
	}
	out := make([]string, len(lists))
	for i, l := range lists {
		out[i] = tokensText(l)
	}
	return out, true
}

func tokensText(tokens []int) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(" t")
		b.WriteString(formatNumber(float64(t)))
	}
	return b.String()
}

type textCompletion struct {
	ID      string       `json:"id"`
	Object  string       `json:"object"`
	Created int64        `json:"created"`
	Choices []textChoice `json:"choices"`
	Model   string       `json:"model"`
	Usage   any          `json:"usage,omitempty"`
}

type textChoice struct {
	Text         string  `json:"text"`
	Index        int     `json:"index"`
	Logprobs     *null   `json:"logprobs"`
	FinishReason *string `json:"finish_reason"`
}

type textUsage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

func (r *completionRequest) write(prompts, stops []string, length int) *script {
	most := legacyMaxTokens
	if r.MaxTokens != nil {
		most = max(*r.MaxTokens, 1)
	}
	sc := &script{id: "cmpl-" + token(29), stream: r.Stream}
	answers := make([]*answer, len(prompts))
	for i, p := range prompts {
		q := &ask{turns: []turn{{role: "user", text: p}}, maxTokens: most, stops: stops, length: length}
		answers[i] = compose(q)
		sc.input += CountTokens(p)
		sc.output += answers[i].outputTokens()
	}
	if r.Stream {
		r.stream(sc, answers)
	} else {
		r.whole(sc, answers)
	}
	return sc
}

func (r *completionRequest) base(sc *script) textCompletion {
	return textCompletion{ID: sc.id, Object: "text_completion", Created: now(), Model: r.Model, Choices: []textChoice{}}
}

func (sc *script) textUsage() *textUsage {
	return &textUsage{PromptTokens: sc.input, CompletionTokens: sc.output, TotalTokens: sc.input + sc.output}
}

func textReason(a *answer) *string {
	s := "stop"
	if a.finish == finishLength {
		s = "length"
	}
	return &s
}

func (r *completionRequest) whole(sc *script, answers []*answer) {
	out := r.base(sc)
	for i, a := range answers {
		out.Choices = append(out.Choices, textChoice{Text: a.content(), Index: i, FinishReason: textReason(a)})
	}
	out.Usage = sc.textUsage()
	sc.add(sc.output, mustJSON(out))
}

func (r *completionRequest) stream(sc *script, answers []*answer) {
	wanted := r.StreamOptions != nil && r.StreamOptions.IncludeUsage
	put := func(choices []textChoice, usage any, tokens int) {
		out := r.base(sc)
		out.Choices, out.Usage = choices, usage
		sc.add(tokens, dataFrame(mustJSON(out)))
	}
	var none any
	if wanted {
		none = null{}
	}
	for i, a := range answers {
		for _, t := range a.text {
			put([]textChoice{{Text: t, Index: i}}, none, 1)
		}
		put([]textChoice{{Index: i, FinishReason: textReason(a)}}, none, 0)
	}
	if wanted {
		put([]textChoice{}, sc.textUsage(), 0)
	}
	sc.add(0, []byte("data: [DONE]\n\n"))
}
