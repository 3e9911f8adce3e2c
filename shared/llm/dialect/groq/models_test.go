package groq

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheLongestEntryOfTheTableCounts(t *testing.T) {
	require.True(t, find("openai/gpt-oss-120b").can.Schema)
	require.Equal(t, []string{"low", "medium", "high"}, find("openai/gpt-oss-20b").can.Efforts)
	require.True(t, find("qwen/qwen3-32b").parses)
	require.True(t, find("meta-llama/llama-4-scout-17b-16e-instruct").can.Vision)
	for _, name := range []string{"llama-3.1-8b-instant", "something-new", ""} {
		m := find(name)
		require.True(t, m.can.Known && m.can.Tools)
		require.False(t, m.can.Schema || m.parses || m.can.LogProbs || m.can.Many)
	}
}
