package canonical

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func TestAWholeAnswerIsToldAsAStream(t *testing.T) {
	long := strings.Repeat("é😀x", 200)
	want := &Reply{
		ID: "a1", Model: "m", Created: 7,
		Usage: Usage{Tokens: dcoder.Tokens{Input: 9, Output: 30}, Reported: true},
		Choices: []Answer{{
			Stop: StopTools, Native: "tool_use",
			Blocks: []Block{
				{Kind: Thinking, Text: long, Signature: "sig"},
				{Kind: Text, Text: long},
				{Kind: ToolUse, Call: &Call{ID: "c1", Name: "f", Arguments: []byte(`{"a":1}`)}, Signature: "s"},
				{Kind: ToolUse, Call: &Call{ID: "c2", Name: "g"}},
				{Kind: Redacted, Signature: "x"},
				{Kind: Refusal, Text: "no"},
			},
		}, {Index: 1, Stop: StopSequence, Sequence: "END"}},
	}
	var a Accumulator
	texts := 0
	for _, e := range want.Events() {
		if e.Kind == EventText {
			texts++
			require.Equal(t, strings.ToValidUTF8(e.Text, ""), e.Text, "cut between characters")
		}
		if e.Kind == EventStop && e.Answer == 1 { // nothing else says that there is a second
			require.Equal(t, "END", e.Sequence)
		}
		a.Add(&e)
	}
	require.True(t, a.Ended())
	require.Greater(t, texts, 10, "in pieces")
	require.Equal(t, want, a.Reply())
}
