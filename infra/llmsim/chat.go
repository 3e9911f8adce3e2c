package llmsim

func readChat(x *exchange) (*asked, *problem) {
	var r chatRequest
	if p := decode(x.body, &r); p != nil {
		return nil, p
	}
	q, p := r.toAsk()
	if p != nil {
		return nil, p
	}
	groq := x.d == groqDialect
	q.think = groq && r.wantsReasoning()
	return &asked{model: r.Model, write: func(f *Fault) (*script, *problem) {
		q.length = f.Tokens
		c := newChat(&r, q, groq)
		if r.Stream {
			return c.stream(), nil
		}
		return c.whole(), nil
	}}, nil
}

// wantsReasoning is Groq's rule: reasoning is shown parsed on demand.
func (r *chatRequest) wantsReasoning() bool {
	if r.IncludeReasoning != nil {
		return *r.IncludeReasoning
	}
	return r.ReasoningFormat == "parsed" || r.ReasoningFormat == "" && r.ReasoningEffort != "" && r.ReasoningEffort != "none"
}

// hiddenReasoning is how many tokens a model that reasons unseen spends.
func (r *chatRequest) hiddenReasoning() int {
	return map[string]int{"low": 16, "medium": 64, "high": 192, "xhigh": 256}[r.ReasoningEffort]
}

// chat is one completion on its way out.
type chat struct {
	r       *chatRequest
	a       *answer
	groq    bool
	id      string
	groqID  string
	created int64
	hidden  int // reasoning tokens that usage counts and nobody sees
	choices int
	input   int
}

func newChat(r *chatRequest, q *ask, groq bool) *chat {
	c := &chat{r: r, a: compose(q), groq: groq, id: "chatcmpl-" + token(29), groqID: "req_" + token(26), created: now(), choices: 1, input: q.inputTokens()}
	if r.N != nil {
		c.choices = *r.N
	}
	if !groq {
		c.hidden = r.hiddenReasoning()
	}
	for i := range c.a.calls {
		c.a.calls[i].id = "call_" + c.a.calls[i].id
	}
	return c
}

func (c *chat) output() int { return c.a.outputTokens()*c.choices + c.hidden }

func (c *chat) script(stream bool) *script {
	return &script{id: c.id, stream: stream, input: c.input, output: c.output()}
}

func (c *chat) finish() string {
	return [...]string{finishStop: "stop", finishLength: "length", finishTools: "tool_calls", finishSequence: "stop"}[c.a.finish]
}

// chatUsage is OpenAI's usage object, with Groq's times where it is Groq's.
type chatUsage struct {
	QueueTime        *float64       `json:"queue_time,omitempty"`
	PromptTokens     int            `json:"prompt_tokens"`
	PromptTime       *float64       `json:"prompt_time,omitempty"`
	CompletionTokens int            `json:"completion_tokens"`
	CompletionTime   *float64       `json:"completion_time,omitempty"`
	TotalTokens      int            `json:"total_tokens"`
	TotalTime        *float64       `json:"total_time,omitempty"`
	PromptDetails    *promptDetails `json:"prompt_tokens_details,omitempty"`
	OutputDetails    *outputDetails `json:"completion_tokens_details,omitempty"`
}

type promptDetails struct {
	CachedTokens int `json:"cached_tokens"`
	AudioTokens  int `json:"audio_tokens"`
}

type outputDetails struct {
	ReasoningTokens          int `json:"reasoning_tokens"`
	AudioTokens              int `json:"audio_tokens"`
	AcceptedPredictionTokens int `json:"accepted_prediction_tokens"`
	RejectedPredictionTokens int `json:"rejected_prediction_tokens"`
}

func (c *chat) usage() *chatUsage {
	u := &chatUsage{PromptTokens: c.input, CompletionTokens: c.output(), TotalTokens: c.input + c.output()}
	if c.groq {
		queue, prompt, completion := 0.001, 0.0001*float64(c.input), 0.001*float64(c.output())
		total := prompt + completion
		u.QueueTime, u.PromptTime, u.CompletionTime, u.TotalTime = &queue, &prompt, &completion, &total
		return u
	}
	u.PromptDetails = &promptDetails{}
	u.OutputDetails = &outputDetails{ReasoningTokens: c.hidden}
	return u
}

// outCalls are the calls as a plain answer has them.
func (c *chat) outCalls() []chatCall {
	var out []chatCall
	for _, t := range c.a.calls {
		out = append(out, chatCall{ID: t.id, Type: "function", Function: callFunction{Name: t.name, Arguments: t.args}})
	}
	return out
}
