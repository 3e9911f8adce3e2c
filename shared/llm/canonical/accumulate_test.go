package canonical

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func TestAccumulatorPutsAnAnswerTogether(t *testing.T) {
	var a Accumulator
	for _, e := range []Event{
		{Kind: EventStart, ID: "a1", Model: "m", Created: 7},
		{Kind: EventUsage, Usage: &Usage{Tokens: dcoder.Tokens{Input: 9, CachedInput: 2, Output: 1}, Reported: true}},
		{Kind: EventBlock, Block: &Block{Kind: Thinking}},
		{Kind: EventText, Text: "let me "},
		{Kind: EventText, Text: "see"},
		{Kind: EventSign, Text: "sig"},
		{Kind: EventBlockEnd},
		{Kind: EventBlock, Index: 1, Block: &Block{Kind: ToolUse, Call: &Call{ID: "c1", Name: "f"}}},
		{Kind: EventBlock, Index: 2, Block: &Block{Kind: ToolUse, Call: &Call{ID: "c2", Name: "g"}}},
		{Kind: EventArgs, Index: 1, Text: `{"a":`},
		{Kind: EventArgs, Index: 2, Text: `{}`},
		{Kind: EventArgs, Index: 1, Text: `1}`},
		{Kind: EventWhole, Index: 3, Block: &Block{Kind: Redacted, Signature: "x"}},
		{Kind: EventPing},
		{Kind: EventStop, Stop: StopTools, Native: "tool_use"},
		{Kind: EventUsage, Usage: &Usage{Tokens: dcoder.Tokens{Output: 30}, Reported: true}},
		{Kind: EventEnd},
	} {
		require.False(t, a.Ended())
		a.Add(&e)
	}
	require.True(t, a.Ended())
	require.Equal(t, &Reply{
		ID: "a1", Model: "m", Created: 7,
		Usage: Usage{Tokens: dcoder.Tokens{Input: 9, CachedInput: 2, Output: 30}, Reported: true},
		Choices: []Answer{{
			Stop: StopTools, Native: "tool_use",
			Blocks: []Block{
				{Kind: Thinking, Text: "let me see", Signature: "sig"},
				{Kind: ToolUse, Call: &Call{ID: "c1", Name: "f", Arguments: []byte(`{"a":1}`)}},
				{Kind: ToolUse, Call: &Call{ID: "c2", Name: "g", Arguments: []byte(`{}`)}},
				{Kind: Redacted, Signature: "x"},
			},
		}},
	}, a.Reply())
}

// TestMergeKnowsEveryCount: a count that is added to dcoder.Tokens is merged too.
func TestMergeKnowsEveryCount(t *testing.T) {
	from := reflect.New(reflect.TypeFor[dcoder.Tokens]()).Elem()
	for i := range from.NumField() {
		from.Field(i).SetInt(int64(i + 1))
	}
	var u Usage
	u.Merge(&Usage{Tokens: from.Interface().(dcoder.Tokens)})
	require.Equal(t, from.Interface(), u.Tokens)
	u.Merge(nil)
	u.Merge(&Usage{})
	require.Equal(t, from.Interface(), u.Tokens)
}
