package generate

import (
	"slices"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// config writes generationConfig, if there is anything to say.
func (w *requestWriter) config() error {
	began := len(w.b)
	w.key("generationConfig")
	w.open('{')
	inside := len(w.b)
	for _, write := range []func() error{w.sampling, w.counts, w.logprobs, w.format, w.thinking, w.others} {
		if err := write(); err != nil {
			return err
		}
	}
	if w.native {
		w.members(kept(w.r.Extra, "generationConfig"))
	}
	if len(w.b) == inside && !(w.native && w.r.Extra["generationConfig"] != nil) {
		w.b = w.b[:began]
		return nil
	}
	w.close('}')
	return nil
}

func (w *requestWriter) number(name string, v *float64) {
	if v != nil {
		w.key(name)
		w.float(*v)
	}
}

func (w *requestWriter) whole(name string, v *int64) {
	if v != nil {
		w.key(name)
		w.int(*v)
	}
}

func (w *requestWriter) sampling() error {
	r := w.r
	if t := r.Temperature; t != nil && (*t < 0 || *t > 2) && !w.native {
		return dcoder.Invalid("temperature", "temperature must be from 0 to 2")
	}
	w.number("temperature", r.Temperature)
	w.number("topP", r.TopP)
	w.whole("topK", r.TopK)
	w.whole("seed", r.Seed)
	if err := w.penalty("presencePenalty", "presence_penalty", r.PresencePenalty); err != nil {
		return err
	}
	return w.penalty("frequencyPenalty", "frequency_penalty", r.FrequencyPenalty)
}

// penalty writes a penalty; models that refuse sampling parameters ignore the
// others by themselves, but answer these with an error.
func (w *requestWriter) penalty(name, said string, v *float64) error {
	if v != nil && *v != 0 && w.o.Ability.NoTemperature && !w.native {
		if !w.o.Drop(said) {
			return dcoder.Invalid(said, "the model %s takes no %s", w.o.Model, said)
		}
		return nil
	}
	w.number(name, v)
	return nil
}

func (w *requestWriter) counts() error {
	r, a := w.r, &w.o.Ability
	w.whole("maxOutputTokens", r.MaxTokens)
	if n := r.Count; n != nil && (*n != 1 || w.native) {
		if *n > 1 && a.Known && !a.Many {
			if !w.o.Drop("n") {
				return dcoder.Invalid(named(r, "n"), "the model %s gives one answer at a time", w.o.Model)
			}
		} else {
			w.whole("candidateCount", n)
		}
	}
	if len(r.Stop) == 0 && !(w.native && r.Stop != nil) {
		return nil
	}
	if most := a.StopMost; most > 0 && len(r.Stop) > most {
		return dcoder.Invalid(named(r, "stop"), "the model %s takes at most %d stop sequences", w.o.Model, most)
	}
	w.key("stopSequences")
	w.value(r.Stop)
	return nil
}

func (w *requestWriter) logprobs() error {
	r, a := w.r, &w.o.Ability
	asked := r.LogProbs != nil && *r.LogProbs || r.TopLogProbs != nil && *r.TopLogProbs > 0
	if asked && a.Known && !a.LogProbs {
		if !w.o.Drop("logprobs") {
			return dcoder.Invalid("logprobs", "the model %s tells no log probabilities", w.o.Model)
		}
		return nil
	}
	if !asked && !w.native {
		return nil
	}
	if r.LogProbs != nil {
		w.key("responseLogprobs")
		w.bool(*r.LogProbs)
	}
	w.whole("logprobs", r.TopLogProbs)
	return nil
}

// others refuses, or drops, parameters that change the answer and that Gemini
// has no word for. Those that do not (user, metadata, cache breakpoints, which
// it sets itself) are left out in silence.
func (w *requestWriter) others() error {
	if w.native {
		return nil
	}
	if len(w.r.LogitBias) > 0 && !slices.Contains([]string{"null", "{}"}, string(w.r.LogitBias)) && !w.o.Drop("logit_bias") {
		return dcoder.Invalid("logit_bias", "the model %s takes no logit_bias", w.o.Model)
	}
	tier := w.r.ServiceTier
	if tier != "" && tier != "auto" && tier != "default" && tier != "standard_only" && !w.o.Drop("service_tier") {
		return dcoder.Invalid("service_tier", "the model %s has no service tier %q", w.o.Model, tier)
	}
	if d := resolution(w.r); d != "" {
		w.member("mediaResolution", d)
	}
	return nil
}

// resolution says how finely pictures are to be looked at: as finely as any of
// them asks for.
func resolution(r *canonical.Request) (most string) {
	for i := range r.Messages {
		for _, b := range r.Messages[i].Blocks {
			if b.Kind != canonical.Image || b.Media == nil {
				continue
			}
			switch b.Media.Detail {
			case "high":
				return "MEDIA_RESOLUTION_HIGH"
			case "low":
				most = "MEDIA_RESOLUTION_LOW"
			}
		}
	}
	return most
}
