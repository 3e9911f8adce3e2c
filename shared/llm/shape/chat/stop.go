package chat

import "github.com/d-coder-ai/dcoder/shared/llm/canonical"

// Finish reasons: strict clients refuse any but these five.
const (
	finishStop     = "stop"
	finishLength   = "length"
	finishTools    = "tool_calls"
	finishFilter   = "content_filter"
	finishFunction = "function_call"
)

var stops = map[string]canonical.Stop{
	finishStop: canonical.StopEnd, finishLength: canonical.StopLength, finishTools: canonical.StopTools,
	finishFunction: canonical.StopTools, finishFilter: canonical.StopFilter,
}

// stopOf turns a finish reason, also one that nobody knows, into a Stop.
func stopOf(word string) canonical.Stop {
	if s, ok := stops[word]; ok {
		return s
	}
	return canonical.StopEnd
}

// finishOf is the finish reason of an answer; called says that it has calls:
// some providers do not say so in their reason, or say it without any.
func finishOf(s canonical.Stop, called, legacy bool) string {
	switch {
	case s == canonical.StopLength:
		return finishLength
	case s == canonical.StopFilter:
		return finishFilter
	case legacy && called:
		return finishFunction
	case called:
		return finishTools
	}
	return finishStop
}
