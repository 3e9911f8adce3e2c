package journal

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// left copies what a killed process of the first build left (testdata/v1: a call
// that runs, one that had ended, a closed one, and a record that nobody took) into
// a directory.
func left(t *testing.T) string {
	t.Helper()
	if order.Uint16([]byte{1, 0}) != 1 {
		t.Skip("SKIPPED: the files were written on a little-endian machine, and never leave one")
	}
	dir := t.TempDir()
	for _, suffix := range []string{slotSuffix, recordSuffix} {
		raw, err := os.ReadFile("testdata/v1/little_endian" + suffix)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "first"+suffix), raw, 0o600))
	}
	return dir
}

func TestTheJournalOfTheFirstBuildIsRecovered(t *testing.T) {
	dir := left(t)
	found := collect(t, dir)
	require.Len(t, found, 3)
	running := found["running"]
	require.Equal(t, admission("running"), running.Admission)
	v := verdict()
	v.Entry, v.Room = nil, nil
	require.Equal(t, v, running.Verdict)
	require.Equal(t, dcoder.UsageLost, running.Record.State)
	require.EqualValues(t, 99, running.Record.Cost)
	require.Equal(t, dcoder.Tokens{
		Input: 10, Output: 20, CachedInput: 1, CacheWrite5m: 2, CacheWrite1h: 3, Reasoning: 4, AudioInput: 5, AudioOutput: 6,
	}, running.Record.Tokens)
	require.Equal(t, llm.Amounts{Requests: 1, Tokens: 30, Money: 99}, running.Settlement().Used)
	for _, id := range []string{"ended", "record"} {
		require.True(t, found[id].Final)
		require.Equal(t, dcoder.UsageFinal, found[id].Record.State)
		require.Equal(t, dcoder.Tokens{Input: 10, Output: 21}, found[id].Record.Tokens)
		require.EqualValues(t, 1234, found[id].Record.TotalMS)
	}
	require.Empty(t, files(t, dir))
}

// What today writes lies where the first build looks for it: header, counters,
// and an opening that holds all that it knows.
func TestTheFirstBuildRecoversTodaysJournal(t *testing.T) {
	first, err := os.ReadFile("testdata/v1/little_endian" + slotSuffix)
	require.NoError(t, err)
	dir := t.TempDir()
	j := New(dir, quiet)
	m := j.Open(admission("running"), verdict())
	m.Progress(dcoder.Tokens{Output: 1}, 1)
	m.Progress(dcoder.Tokens{Input: 10, Output: 20, CachedInput: 1, CacheWrite5m: 2, CacheWrite1h: 3, Reasoning: 4, AudioInput: 5, AudioOutput: 6}, 99)
	j.die(t)
	today, err := os.ReadFile(files(t, dir)[0])
	require.NoError(t, err)
	require.Equal(t, first[:headerSize], today[:headerSize])
	was, is := first[headerSize:headerSize+slotSize], today[headerSize:headerSize+slotSize]
	require.Equal(t, was[:4], is[:4], "the state")
	require.Equal(t, was[atCopyA:atBody], is[atCopyA:atBody], "the counters")
	opening := func(b []byte) (o map[string]any) {
		body, ok := checked(b[atBody:], b[atOpening:])
		require.True(t, ok)
		require.NoError(t, json.Unmarshal(body, &o))
		return o
	}
	require.Subset(t, opening(is), opening(was))
}
