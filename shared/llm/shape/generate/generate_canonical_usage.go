package generate

import (
	"encoding/json"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

type usageMetadata struct {
	Prompt           *int64     `json:"promptTokenCount"`
	ToolUse          int64      `json:"toolUsePromptTokenCount"`
	Cached           int64      `json:"cachedContentTokenCount"`
	Candidates       int64      `json:"candidatesTokenCount"`
	Thoughts         int64      `json:"thoughtsTokenCount"`
	PromptDetails    []modality `json:"promptTokensDetails"`
	CandidateDetails []modality `json:"candidatesTokensDetails"`
	CacheDetails     []modality `json:"cacheTokensDetails"`
	Traffic          string     `json:"trafficType"` // of Vertex AI
	Tier             string     `json:"serviceTier"` // of AI Studio
}

type modality struct {
	Modality string `json:"modality"`
	Count    int64  `json:"tokenCount"`
}

// readUsage reads usageMetadata into OpenAI's words: the prompt includes what was
// cached and what the provider's tools brought, the answer includes thoughts.
// Without a prompt's count nothing was reported: Vertex sends such usage in the
// middle of a stream.
func readUsage(raw json.RawMessage) (u canonical.Usage) {
	var in usageMetadata
	if len(raw) == 0 || json.Unmarshal(raw, &in) != nil {
		return u
	}
	u.Extra = rest(raw)
	u.ServiceTier = in.tier()
	if in.Prompt == nil {
		return u
	}
	u.Reported = true
	u.Input = max(*in.Prompt, 0) + max(in.ToolUse, 0)
	u.Output = max(in.Candidates, 0) + max(in.Thoughts, 0)
	u.Reasoning = max(in.Thoughts, 0)
	u.CachedInput = min(max(in.Cached, 0), u.Input)
	u.AudioInput = min(count(in.PromptDetails, "AUDIO"), u.Input)
	u.AudioOutput = min(count(in.CandidateDetails, "AUDIO"), u.Output)
	u.ImageOutput = min(count(in.CandidateDetails, "IMAGE"), u.Output)
	u.CachedAudio = min(count(in.CacheDetails, "AUDIO"), u.CachedInput, u.AudioInput)
	return u
}

// tier is the service tier that decides the price, "" for the standard one:
// trafficType says ON_DEMAND_FLEX, ON_DEMAND_PRIORITY or PROVISIONED_THROUGHPUT.
func (m *usageMetadata) tier() string {
	name := strings.ToLower(m.Tier)
	if name == "" {
		name, _ = strings.CutPrefix(strings.ToLower(m.Traffic), "on_demand_")
	}
	if name != "flex" && name != "priority" {
		return ""
	}
	return name
}

func count(list []modality, name string) (n int64) {
	for _, m := range list {
		if m.Modality == name {
			n += max(m.Count, 0)
		}
	}
	return n
}
