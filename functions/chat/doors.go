package chat

import (
	"bytes"

	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	chatshape "github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// door is how calls of one shape meet their clients.
type door struct {
	inbound  canonical.Protocol // nil: calls of this kind are not translated
	envelope function.Envelope
	failed   func(body []byte, events int64) []byte // the frame of an error, which ends a stream of so many numbered events
}

// doors are all of them; a new shape is one row here.
var doors = map[llm.Kind]door{
	llm.Chat:       {chatshape.Protocol, function.EnvelopeOpenAI, openAIFailed},
	llm.Completion: {nil, function.EnvelopeOpenAI, openAIFailed},
	llm.Message:    {messages.Protocol, function.EnvelopeAnthropic, anthropicFailed},
	llm.Response:   {responses.Protocol, function.EnvelopeOpenAI, responseFailed},
	llm.Count:      {messages.Protocol, function.EnvelopeAnthropic, anthropicFailed},
}

func doorOf(k llm.Kind) door {
	if d, ok := doors[k]; ok {
		return d
	}
	return doors[llm.Completion]
}

func openAIFailed(body []byte, _ int64) []byte {
	return sse.AppendData(nil, bytes.TrimRight(body, "\n"))
}

func anthropicFailed(body []byte, _ int64) []byte {
	return sse.AppendEvent(nil, "error", bytes.TrimRight(body, "\n"))
}
