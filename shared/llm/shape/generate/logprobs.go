package generate

import "encoding/json"

type logprobsResult struct {
	Chosen []chosenToken `json:"chosenCandidates"`
	Top    []struct {
		Candidates []chosenToken `json:"candidates"`
	} `json:"topCandidates"`
}

type chosenToken struct {
	Token   string  `json:"token"`
	LogProb float64 `json:"logProbability"`
}

// tokenLogProb is OpenAI's form, in which canonical holds them.
type tokenLogProb struct {
	Token   string         `json:"token"`
	LogProb float64        `json:"logprob"`
	Bytes   []int          `json:"bytes"`
	Top     []tokenLogProb `json:"top_logprobs,omitempty"`
}

// readLogProbs translates log probabilities to OpenAI's {"content": [...]}; nil
// when there are none.
func readLogProbs(raw json.RawMessage) json.RawMessage {
	var in logprobsResult
	if len(raw) == 0 || json.Unmarshal(raw, &in) != nil || len(in.Chosen) == 0 {
		return nil
	}
	list := make([]tokenLogProb, len(in.Chosen))
	for i, c := range in.Chosen {
		list[i] = openAIToken(c)
		if i < len(in.Top) {
			for _, t := range in.Top[i].Candidates {
				list[i].Top = append(list[i].Top, openAIToken(t))
			}
		}
	}
	out, err := json.Marshal(map[string]any{"content": list})
	if err != nil {
		return nil
	}
	return out
}

func openAIToken(c chosenToken) tokenLogProb {
	t := tokenLogProb{Token: c.Token, LogProb: c.LogProb, Bytes: []int{}}
	for _, b := range []byte(c.Token) {
		t.Bytes = append(t.Bytes, int(b))
	}
	return t
}
