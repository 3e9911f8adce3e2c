package generate

import (
	"crypto/rand"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// response is a whole answer, or one event of a streamed one.
type response struct {
	Candidates []json.RawMessage `json:"candidates"`
	Feedback   *feedback         `json:"promptFeedback"`
	Usage      json.RawMessage   `json:"usageMetadata"`
	Version    string            `json:"modelVersion"`
	CreateTime string            `json:"createTime"`
	ID         string            `json:"responseId"`
	Error      json.RawMessage   `json:"error"`
}

type feedback struct {
	Reason  string `json:"blockReason"`
	Message string `json:"blockReasonMessage"`
}

type candidate struct {
	Index    int             `json:"index"`
	Content  *content        `json:"content"`
	Finish   string          `json:"finishReason"`
	Message  string          `json:"finishMessage"`
	LogProbs json.RawMessage `json:"logprobsResult"`
}

// ReadReply implements canonical.Protocol.
func (protocol) ReadReply(body []byte) (*canonical.Reply, error) {
	var in response
	if err := decode(body, &in, "body"); err != nil {
		return nil, err
	}
	a := &canonical.Reply{
		Origin: canonical.Generate, ID: in.ID, Model: in.Version, Created: seconds(in.CreateTime),
		Usage: readUsage(in.Usage), Extra: rest(body, "candidates", "usageMetadata", "modelVersion", "responseId"),
	}
	calls := 0
	for i, raw := range in.Candidates {
		one, err := readCandidate(raw, in.ID, &calls)
		if err != nil {
			return nil, err
		}
		if one.Index == 0 {
			one.Index = i // Vertex says it only where there are several
		}
		a.Choices = append(a.Choices, one)
	}
	if len(a.Choices) == 0 {
		if in.Feedback == nil {
			return nil, dcoder.Invalid("candidates", "the answer has neither candidates nor a reason for having none")
		}
		a.Choices = []canonical.Answer{blocked(in.Feedback)}
	}
	return a, nil
}

// seconds reads a time of RFC 3339; 0 when there is none.
func seconds(s string) int64 {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0
	}
	return t.Unix()
}

// blocked is the answer to a prompt that was not let through: nothing, and why.
func blocked(f *feedback) canonical.Answer {
	return canonical.Answer{
		Stop: canonical.StopFilter, Native: f.Reason,
		Blocks: []canonical.Block{{Kind: canonical.Refusal, Text: blockedText(f)}},
	}
}

func blockedText(f *feedback) string {
	if f.Message != "" {
		return f.Message
	}
	reason := f.Reason
	if reason == "" {
		reason = "OTHER"
	}
	return "The provider blocked the prompt: " + reason + "."
}

func readCandidate(raw json.RawMessage, id string, calls *int) (canonical.Answer, error) {
	var c candidate
	if err := decode(raw, &c, "candidates"); err != nil {
		return canonical.Answer{}, err
	}
	a := canonical.Answer{
		Index: c.Index, Native: c.Finish, LogProbs: readLogProbs(c.LogProbs),
		Extra: rest(raw, "content", "finishReason"),
	}
	called := false
	if c.Content != nil {
		blocks, err := readParts(c.Content.Parts, "candidates.content.parts")
		if err != nil {
			return a, err
		}
		for i := range blocks {
			if call := blocks[i].Call; call != nil {
				called = true
				nameCall(call, id, calls)
			}
		}
		a.Blocks = blocks
	}
	a.Stop = stopOf(c.Finish, called)
	return a, nil
}

// madeID begins the ids of calls that came without one: Vertex AI and older
// models give none, and every other protocol pairs results by them.
const madeID = "call_"

// nameCall counts calls and makes up the id of one that has none.
func nameCall(c *canonical.Call, response string, calls *int) {
	if c.ID == "" {
		if response == "" {
			response = rand.Text()[:16]
		}
		c.ID = madeID + response + "_" + strconv.Itoa(*calls)
	}
	*calls++
}

// made reports whether nameCall made id up.
func made(id, response string) bool {
	return response != "" && strings.HasPrefix(id, madeID+response+"_")
}

// stops are the reasons that are not simply an end; the unknown ones are.
var stops = map[string]canonical.Stop{
	"MAX_TOKENS": canonical.StopLength,
	"SAFETY":     canonical.StopFilter, "RECITATION": canonical.StopFilter, "BLOCKLIST": canonical.StopFilter,
	"PROHIBITED_CONTENT": canonical.StopFilter, "SPII": canonical.StopFilter, "LANGUAGE": canonical.StopFilter,
	"IMAGE_SAFETY": canonical.StopFilter, "IMAGE_PROHIBITED_CONTENT": canonical.StopFilter,
	"IMAGE_RECITATION": canonical.StopFilter, "MODEL_ARMOR": canonical.StopFilter,
}

// stopOf says why an answer ended. Gemini says STOP also when it calls functions.
func stopOf(finish string, called bool) canonical.Stop {
	if s, ok := stops[finish]; ok {
		return s
	}
	if called && (finish == "STOP" || finish == "") {
		return canonical.StopTools
	}
	return canonical.StopEnd
}
