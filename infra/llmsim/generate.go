package llmsim

import (
	"encoding/json"
	"strings"
	"time"
)

func readGenerate(x *exchange, model string, stream bool) (*asked, *problem) {
	var r generateRequest
	if p := decode(x.body, &r); p != nil {
		return nil, p
	}
	q, p := r.toAsk(model)
	if p != nil {
		return nil, p
	}
	g := &generation{model: model, vertex: x.d == vertexDialect, sse: x.r.URL.Query().Get("alt") == "sse"}
	return &asked{model: model, write: func(f *Fault) (*script, *problem) {
		q.length = f.Tokens
		g.begin(q)
		if stream {
			return g.stream(), nil
		}
		return g.whole(), nil
	}}, nil
}

// generation is one Gemini answer on its way out.
type generation struct {
	model  string
	vertex bool
	sse    bool
	a      *answer
	id     string
	input  int
}

func (g *generation) begin(q *ask) {
	g.a, g.id, g.input = compose(q), token(23), q.inputTokens()
	for i := range g.a.calls {
		if strings.HasPrefix(g.model, "gemini-3") && !g.vertex {
			g.a.calls[i].id = token(8)
		} else {
			g.a.calls[i].id = ""
		}
	}
}

type geminiAnswer struct {
	Candidates    []candidate `json:"candidates"`
	UsageMetadata geminiUsage `json:"usageMetadata"`
	ModelVersion  string      `json:"modelVersion"`
	CreateTime    string      `json:"createTime,omitempty"`
	ResponseID    string      `json:"responseId"`
}

type candidate struct {
	Content       geminiContent `json:"content"`
	FinishReason  string        `json:"finishReason,omitempty"`
	Index         *int          `json:"index,omitempty"`
	FinishMessage string        `json:"finishMessage,omitempty"`
	AvgLogprobs   *float64      `json:"avgLogprobs,omitempty"`
}

type geminiUsage struct {
	Prompt            *int            `json:"promptTokenCount,omitempty"`
	Candidates        *int            `json:"candidatesTokenCount,omitempty"`
	Total             *int            `json:"totalTokenCount,omitempty"`
	TrafficType       string          `json:"trafficType,omitempty"`
	PromptDetails     []modalityCount `json:"promptTokensDetails,omitempty"`
	CandidatesDetails []modalityCount `json:"candidatesTokensDetails,omitempty"`
	Thoughts          int             `json:"thoughtsTokenCount,omitempty"`
}

type modalityCount struct {
	Modality   string `json:"modality"`
	TokenCount int    `json:"tokenCount"`
}

// usage counts what was written up to now: thoughts apart from candidates.
func (g *generation) usage(thoughts, candidates int) geminiUsage {
	total := g.input + thoughts + candidates
	u := geminiUsage{
		Prompt: &g.input, Candidates: &candidates, Total: &total, Thoughts: thoughts,
		PromptDetails: []modalityCount{{"TEXT", g.input}},
	}
	if g.vertex {
		u.TrafficType, u.CandidatesDetails = "ON_DEMAND", []modalityCount{{"TEXT", candidates}}
	}
	return u
}

func (g *generation) finish() string {
	if g.a.finish == finishLength {
		return "MAX_TOKENS"
	}
	return "STOP"
}

// answer wraps parts; the last one of a stream and a whole one say why they end.
func (g *generation) answer(parts []geminiPart, last bool, u geminiUsage) geminiAnswer {
	c := candidate{Content: geminiContent{Role: "model", Parts: parts}}
	out := geminiAnswer{UsageMetadata: u, ModelVersion: g.model, ResponseID: g.id}
	if last {
		c.FinishReason = g.finish()
	}
	if g.vertex {
		out.CreateTime = time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	} else {
		zero := 0
		c.Index = &zero
		if last && len(g.a.calls) > 0 {
			c.FinishMessage = "Model generated function call(s)."
		}
	}
	out.Candidates = []candidate{c}
	return out
}

func textPart(s string, thought bool) geminiPart { return geminiPart{Text: &s, Thought: thought} }

func callParts(calls []toolCall) []geminiPart {
	out := make([]geminiPart, len(calls))
	for i, c := range calls {
		out[i] = geminiPart{FunctionCall: &geminiCall{ID: c.id, Name: c.name, Args: json.RawMessage(c.args)}}
	}
	if len(out) > 0 {
		out[0].ThoughtSignature = signature
	}
	return out
}

// candidateTokens counts what is not thought.
func (g *generation) candidateTokens() int { return g.a.outputTokens() - len(g.a.thought) }

func (g *generation) whole() *script {
	var parts []geminiPart
	if len(g.a.thought) > 0 {
		parts = append(parts, textPart(strings.Join(g.a.thought, ""), true))
	}
	if len(g.a.text) > 0 || len(g.a.calls) == 0 {
		parts = append(parts, textPart(g.a.content(), false))
	}
	parts = append(parts, callParts(g.a.calls)...)
	out := g.answer(parts, true, g.usage(len(g.a.thought), g.candidateTokens()))
	if g.vertex {
		logprob := -0.5
		out.Candidates[0].AvgLogprobs = &logprob
	}
	sc := &script{id: g.id, input: g.input, output: g.a.outputTokens()}
	body, _ := json.MarshalIndent(out, "", "  ")
	sc.add(sc.output, append(body, '\n'))
	return sc
}

// stream writes an answer for each token; calls go out together, in the last
// one.
func (g *generation) stream() *script {
	sc := &script{id: g.id, stream: true, input: g.input, output: g.a.outputTokens()}
	for i, t := range g.a.thought {
		g.put(sc, 1, g.answer([]geminiPart{textPart(t, true)}, false, g.soFar(i+1, 0)))
	}
	last := len(g.a.text) - 1
	if len(g.a.calls) > 0 {
		last = -1
	}
	for i, t := range g.a.text {
		g.put(sc, 1, g.answer([]geminiPart{textPart(t, false)}, i == last, g.soFar(len(g.a.thought), i+1)))
	}
	if last < 0 {
		parts := callParts(g.a.calls)
		if len(parts) == 0 {
			parts = []geminiPart{textPart("", false)}
		}
		n := g.candidateTokens()
		g.put(sc, n-len(g.a.text), g.answer(parts, true, g.usage(len(g.a.thought), n)))
	}
	g.array(sc)
	return sc
}

// soFar is the usage of an answer in the middle: Vertex tells it at the end.
func (g *generation) soFar(thoughts, candidates int) geminiUsage {
	if g.vertex && candidates < g.candidateTokens() {
		return geminiUsage{TrafficType: "ON_DEMAND"}
	}
	return g.usage(thoughts, candidates)
}

func (g *generation) put(sc *script, tokens int, v geminiAnswer) {
	if g.sse {
		sc.add(tokens, googleFrame(mustJSON(v)))
		return
	}
	lead := ",\r\n"
	if len(sc.frames) == 0 {
		lead = "["
	}
	sc.add(tokens, append([]byte(lead), mustJSON(v)...))
}

// array ends the JSON array that a stream is without alt=sse.
func (g *generation) array(sc *script) {
	if !g.sse {
		sc.kind = "application/json"
		sc.add(0, []byte("]"))
	}
}
