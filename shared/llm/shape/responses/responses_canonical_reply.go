package responses

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// answer is a response object as it is read.
type answer struct {
	ID          string                   `json:"id"`
	Object      string                   `json:"object"`
	Model       string                   `json:"model"`
	Created     float64                  `json:"created_at"`
	Status      string                   `json:"status"`
	Output      []json.RawMessage        `json:"output"`
	Error       *problem                 `json:"error"`
	Incomplete  *struct{ Reason string } `json:"incomplete_details"`
	ServiceTier string                   `json:"service_tier"`
	Usage       *usage                   `json:"usage"`
}

type usage struct {
	Input  int64 `json:"input_tokens"`
	Output int64 `json:"output_tokens"`
	Total  int64 `json:"total_tokens"`
	In     struct {
		Cached  int64 `json:"cached_tokens"`
		Written int64 `json:"cache_write_tokens,omitempty"`
		Audio   int64 `json:"audio_tokens,omitempty"`
	} `json:"input_tokens_details"`
	Out struct {
		Reasoning int64 `json:"reasoning_tokens"`
		Audio     int64 `json:"audio_tokens,omitempty"`
	} `json:"output_tokens_details"`
}

// ReadReply implements canonical.Protocol.
func (protocol) ReadReply(body []byte) (*canonical.Reply, error) {
	var in answer
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read a response: %w", err)
	}
	if in.Object != "response" {
		return nil, errors.New("read a response: the object is another one")
	}
	if in.Status == statusFailed {
		return nil, errors.New("the response failed")
	}
	a := canonical.Answer{}
	for i, raw := range in.Output {
		it, err := readOutItem(raw)
		if err != nil {
			return nil, fmt.Errorf("read output[%d]: %w", i, err)
		}
		a.Blocks = append(a.Blocks, it.blocks(raw)...)
	}
	a.Stop, a.Native = in.stop(calls(a.Blocks))
	out := &canonical.Reply{
		Origin: canonical.Responses, ID: in.ID, Model: in.Model, Created: int64(in.Created),
		Choices: []canonical.Answer{a}, Usage: in.usage(),
	}
	_ = json.Unmarshal(body, &out.Extra) // it was just decoded
	return out, nil
}

func calls(blocks []canonical.Block) bool {
	for i := range blocks {
		if blocks[i].Kind == canonical.ToolUse {
			return true
		}
	}
	return false
}

// stop says why the answer ended; called: it has calls of tools.
func (in *answer) stop(called bool) (canonical.Stop, string) {
	if in.Status == statusPartial && in.Incomplete != nil {
		switch in.Incomplete.Reason {
		case reasonLength:
			return canonical.StopLength, reasonLength
		case reasonFilter:
			return canonical.StopFilter, reasonFilter
		}
		return canonical.StopEnd, in.Incomplete.Reason
	}
	if called {
		return canonical.StopTools, in.Status
	}
	return canonical.StopEnd, in.Status
}

func (in *answer) usage() canonical.Usage {
	if in.Usage == nil {
		return canonical.Usage{ServiceTier: in.ServiceTier}
	}
	u := in.Usage
	return canonical.Usage{Reported: true, ServiceTier: in.ServiceTier, Tokens: dcoder.Tokens{
		Input: max(u.Input, 0), CachedInput: max(u.In.Cached, 0), AudioInput: max(u.In.Audio, 0), CacheWrite5m: max(u.In.Written, 0),
		Output: max(u.Output, 0), Reasoning: max(u.Out.Reasoning, 0), AudioOutput: max(u.Out.Audio, 0),
	}}
}
