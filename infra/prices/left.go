package main

import "strings"

// notServed are models that no route of the gateway calls, by a part of their
// names: they draw, speak, listen live, or judge.
var notServed = []string{
	"gpt-image", "-image-2", "gpt-5-image", "realtime", "-tts", "transcribe", "moderation", "-live-", "gemini-live", "omni",
}

// retired are models that no provider answers to any more.
var retired = map[string]bool{
	"ada": true, "babbage": true, "curie": true, "davinci": true, "text-davinci-002": true, "text-davinci-003": true,
	"gpt-3.5-0301": true, "claude-v1": true, "gemini-1.0-pro-vision-001": true, "gemini-pro": true,
}

// unlisted are ids of the data that no provider knows as a name.
var unlisted = map[string]bool{
	"ft:gpt-3.5-turbo-": true, "gpt-4o-mini-2024-07-18.ft-": true, "gpt-4o:extended": true,
	"claude-4-opus": true, "claude-4-sonnet": true,
}

// left says why a model does not come into the table; "" when it does.
func left(id string, free bool) string {
	switch {
	case retired[id]:
		return "retired"
	case free:
		return "without a price"
	}
	for _, part := range notServed {
		if strings.Contains(id, part) {
			return "not served"
		}
	}
	return ""
}
