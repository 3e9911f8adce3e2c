package messages

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// fallbackMaxTokens is max_tokens, which the API wants, when neither client nor
// model nor dialect knows a bound.
const fallbackMaxTokens = 32_000

// writer is one request on its way out.
type writer struct {
	output
	r *canonical.Request
	o *canonical.Options
	// own says that the request was read by this package: it goes out as it came,
	// and the API judges it.
	own       bool
	maxTokens int64
	thinks    bool // thinking is on
	offered   []canonical.Tool
	form      *form // how a form of the answer is asked for, nil for none

	// unsigned says that the conversation stands in the midst of a use of tools
	// whose reasoning was lost on the way: with a thinking budget the API then
	// refuses to reason on.
	unsigned bool
}

// WriteRequest implements canonical.Protocol.
func (protocol) WriteRequest(r *canonical.Request, o *canonical.Options) ([]byte, error) {
	w := &writer{r: r, o: o, own: r.Origin == canonical.Messages}
	w.b = make([]byte, 0, 4<<10)
	w.maxTokens = w.most()
	w.open('{')
	if model := firstOf(o.Model, r.Model); model != "" {
		w.member("model", model)
	}
	w.number("max_tokens", w.maxTokens)
	for _, part := range []func() error{
		w.plan, w.conversation, w.tools, w.choice, w.thinking, w.outputConfig, w.sampling, w.rest,
	} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	w.close('}')
	return w.b, nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (w *writer) most() int64 {
	for _, n := range []*int64{w.r.MaxTokens, &w.o.Ability.OutputMax, &w.o.DefaultMaxTokens} {
		if n != nil && *n > 0 {
			return *n
		}
	}
	return fallbackMaxTokens
}

// cannot leaves a parameter out when that may be, and refuses the request
// otherwise.
func (w *writer) cannot(name, why string) error {
	if w.o.Drop(name) {
		return nil
	}
	return dcoder.Invalid(name, "%s: %s %s", name, w.model(), why)
}

func (w *writer) model() string {
	if w.o.Model == "" {
		return "the model"
	}
	return "the model " + w.o.Model
}

// plan decides what other parts depend on, and refuses what the API has no word
// for.
func (w *writer) plan() error {
	if err := w.planTools(); err != nil || w.own {
		return err
	}
	for _, p := range []struct {
		name string
		set  bool
	}{
		{"n", w.r.Count != nil && *w.r.Count > 1},
		{"seed", w.r.Seed != nil},
		{"logit_bias", len(w.r.LogitBias) > 2 && string(w.r.LogitBias) != "null"},
		{"logprobs", w.r.LogProbs != nil && *w.r.LogProbs},
		{"top_logprobs", w.r.TopLogProbs != nil && *w.r.TopLogProbs > 0},
		{"frequency_penalty", w.r.FrequencyPenalty != nil && *w.r.FrequencyPenalty != 0},
		{"presence_penalty", w.r.PresencePenalty != nil && *w.r.PresencePenalty != 0},
	} {
		if p.set {
			if err := w.cannot(p.name, "has no such parameter"); err != nil {
				return err
			}
		}
	}
	return w.planForm()
}

// sampling writes temperature, top_p, top_k and stop_sequences.
func (w *writer) sampling() error {
	temperature, topP, topK := w.r.Temperature, w.r.TopP, w.r.TopK
	if !w.own {
		var err error
		if temperature, topP, topK, err = w.sampled(); err != nil {
			return err
		}
	}
	if temperature != nil {
		w.key("temperature")
		w.float(*temperature)
	}
	if topP != nil {
		w.key("top_p")
		w.float(*topP)
	}
	if topK != nil {
		w.number("top_k", *topK)
	}
	w.stop()
	return nil
}

// sampled is what of the sampling parameters the model takes. Of temperature and
// top_p, where it takes one, it gets the temperature.
func (w *writer) sampled() (temperature, topP *float64, topK *int64, err error) {
	temperature, topP, topK = w.r.Temperature, w.r.TopP, w.r.TopK
	refuse := func(name, why string) {
		if err == nil {
			err = w.cannot(name, why)
		}
	}
	switch a := w.o.Ability; {
	case temperature == nil:
	case *temperature > 1 || *temperature < 0:
		refuse("temperature", "takes a temperature from 0 to 1")
		temperature = nil
	case a.NoTemperature && *temperature != 1:
		refuse("temperature", "takes no temperature")
		temperature = nil
	case w.thinks && *temperature != 1:
		refuse("temperature", "takes no temperature but 1 while it reasons")
		temperature = nil
	case a.NoTemperature:
		temperature = nil // 1 is what it does anyway
	}
	switch a := w.o.Ability; {
	case topP == nil:
	case *topP == 1:
		topP = nil // the same as none
	case a.NoTemperature || w.thinks && *topP < 0.95:
		refuse("top_p", "takes no top_p here")
		topP = nil
	case a.OneSampling && temperature != nil:
		w.o.Dropped = append(w.o.Dropped, "top_p")
		topP = nil
	}
	if topK != nil && (w.o.Ability.NoTemperature || w.thinks) {
		refuse("top_k", "takes no top_k here")
		topK = nil
	}
	return temperature, topP, topK, err
}

// stop writes the stop sequences; the API refuses those of white space only.
func (w *writer) stop() {
	if w.r.Stop == nil {
		return
	}
	list := w.r.Stop
	if !w.own {
		list = nil
		for _, s := range w.r.Stop {
			if strings.TrimSpace(s) != "" {
				list = append(list, s)
			}
		}
		if len(list) < len(w.r.Stop) {
			w.o.Dropped = append(w.o.Dropped, "stop")
		}
		if len(list) == 0 {
			return
		}
	}
	w.key("stop_sequences")
	w.open('[')
	for _, s := range list {
		w.str(s)
	}
	w.close(']')
}

// rest writes what depends on nothing.
func (w *writer) rest() error {
	if w.r.Stream {
		w.key("stream")
		w.bool(true)
	}
	if w.r.User != "" && (!w.own || w.r.Extra["metadata"] == nil) {
		w.key("metadata")
		w.open('{')
		w.member("user_id", w.user())
		w.close('}')
	}
	if tier := w.tier(); tier != "" {
		w.member("service_tier", tier)
	}
	if w.own {
		skip := []string{"output_config"}
		if w.r.Stream {
			skip = append(skip, "stream")
		}
		w.extra(w.r.Extra, skip...)
	}
	return nil
}

// user is the end user; the API wants no e-mail addresses there.
func (w *writer) user() string {
	if w.own || !strings.Contains(w.r.User, "@") {
		return w.r.User
	}
	sum := sha256.Sum256([]byte(w.r.User))
	return hex.EncodeToString(sum[:])
}

// tier is the service tier in Anthropic's words: other protocols' tiers are
// bought in another way there.
func (w *writer) tier() string {
	if w.own {
		return w.r.ServiceTier
	}
	switch w.r.ServiceTier {
	case "auto":
		return "auto"
	case "default":
		return "standard_only"
	}
	return ""
}
