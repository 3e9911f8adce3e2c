package messages

import "github.com/d-coder-ai/dcoder/shared/llm/canonical"

// stops are the API's reasons for an end ("Handling stop reasons"). One that is
// not among them, now or ever, is StopEnd.
var stops = map[string]canonical.Stop{
	"end_turn":                      canonical.StopEnd,
	"stop_sequence":                 canonical.StopSequence,
	"pause_turn":                    canonical.StopPause,
	"max_tokens":                    canonical.StopLength,
	"model_context_window_exceeded": canonical.StopLength,
	"tool_use":                      canonical.StopTools,
	"refusal":                       canonical.StopFilter,
}

var reasons = map[canonical.Stop]string{
	canonical.StopEnd:      "end_turn",
	canonical.StopSequence: "stop_sequence",
	canonical.StopPause:    "pause_turn",
	canonical.StopLength:   "max_tokens",
	canonical.StopTools:    "tool_use",
	canonical.StopFilter:   "refusal",
}

func stopOf(reason string) canonical.Stop {
	if s, ok := stops[reason]; ok {
		return s
	}
	return canonical.StopEnd
}

// reasonOf is the API's own word where the answer came from it, else the one for
// s. Whose tools are wanted has stopped for them, whatever its provider says.
func reasonOf(s canonical.Stop, native string, calls bool) string {
	if _, ok := stops[native]; ok && stops[native] == s {
		return native
	}
	if calls && (s == canonical.StopEnd || s == "") {
		return "tool_use"
	}
	if reason, ok := reasons[s]; ok {
		return reason
	}
	return "end_turn"
}
