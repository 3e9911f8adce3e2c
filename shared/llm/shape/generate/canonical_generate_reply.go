package generate

import (
	"encoding/json"
	"time"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// WriteReply implements canonical.Protocol.
func (protocol) WriteReply(a *canonical.Reply, _ *canonical.Request) ([]byte, error) {
	w := &requestWriter{r: &canonical.Request{}, o: &canonical.Options{}, native: a.Origin == canonical.Generate}
	w.open('{')
	if w.native && a.Extra["promptFeedback"] != nil && len(a.Choices) == 1 && isBlocked(&a.Choices[0]) {
		w.members(a.Extra)
	} else {
		w.key("candidates")
		w.open('[')
		for i := range a.Choices {
			if err := w.candidate(a, &a.Choices[i]); err != nil {
				return nil, err
			}
		}
		w.close(']')
		if w.native {
			w.members(a.Extra)
		} else if a.Created > 0 {
			w.member("createTime", time.Unix(a.Created, 0).UTC().Format(time.RFC3339))
		}
	}
	w.usage(&a.Usage, w.native)
	if a.Model != "" {
		w.member("modelVersion", a.Model)
	}
	if a.ID != "" {
		w.member("responseId", a.ID)
	}
	w.close('}')
	return w.b, nil
}

func isBlocked(a *canonical.Answer) bool {
	return a.Stop == canonical.StopFilter && len(a.Blocks) == 1 && a.Blocks[0].Kind == canonical.Refusal && a.Extra == nil
}

func (w *requestWriter) candidate(a *canonical.Reply, c *canonical.Answer) error {
	blocks := append([]canonical.Block(nil), c.Blocks...)
	for i := range blocks {
		if b := &blocks[i]; b.Call != nil && made(b.Call.ID, a.ID) {
			call := *b.Call
			call.ID, b.Call = "", &call
		}
		if !w.native {
			blocks[i].Extra = nil
		}
	}
	w.open('{')
	w.key("content")
	w.open('{')
	w.member("role", "model")
	native := w.native
	w.native = true // thoughts are part of an answer
	err := w.parts(blocks, false)
	w.native = native
	w.close('}')
	if finish := finishOf(c, a.Origin); finish != "" {
		w.member("finishReason", finish)
	}
	if w.native {
		w.members(c.Extra)
	} else {
		w.key("index")
		w.int(int64(c.Index))
	}
	w.close('}')
	return err
}

// finishOf is the reason of an end in Google's words.
func finishOf(c *canonical.Answer, from canonical.Shape) string {
	if from == canonical.Generate {
		return c.Native
	}
	switch c.Stop {
	case canonical.StopLength:
		return "MAX_TOKENS"
	case canonical.StopFilter:
		return "SAFETY"
	}
	return "STOP"
}

// usage writes usageMetadata; what Google said is repeated as it was.
func (w *output) usage(u *canonical.Usage, native bool) {
	if native {
		if u.Extra != nil {
			w.key("usageMetadata")
			w.value(map[string]json.RawMessage(u.Extra))
		}
		return
	}
	if !u.Reported {
		return
	}
	w.key("usageMetadata")
	w.open('{')
	for _, f := range []struct {
		name string
		n    int64
	}{
		{"promptTokenCount", u.Input},
		{"candidatesTokenCount", u.Output - u.Reasoning},
		{"totalTokenCount", u.Input + u.Output},
		{"cachedContentTokenCount", u.CachedInput},
		{"thoughtsTokenCount", u.Reasoning},
	} {
		if f.n > 0 || f.name == "promptTokenCount" {
			w.key(f.name)
			w.int(f.n)
		}
	}
	w.close('}')
}
