package chat_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// notes is a journal of one call that can be read while the call runs.
type notes struct {
	llm.NoJournal
	tokens dcoder.Tokens
	row    *dcoder.UsageRecord
}

func (n *notes) Open(*llm.Admission, llm.Verdict) llm.Mark { return n }
func (n *notes) Progress(t dcoder.Tokens, _ dcoder.Micros) { n.tokens = t }
func (n *notes) Settled(r *dcoder.UsageRecord)             { kept := *r; n.row = &kept }
func (n *notes) Close()                                    {}

// client looks into the journal at the very moment in which it gets something.
type client struct {
	sink
	t      *testing.T
	notes  *notes
	events int64
	whole  bool
}

func (c *client) Write(p []byte) (int, error) {
	c.events += int64(bytes.Count(p, []byte(`" hello"`)))
	require.LessOrEqual(c.t, c.events, c.notes.tokens.Output, "delivered, noted")
	if bytes.Contains(p, []byte("[DONE]")) {
		c.whole = true
		require.NotNil(c.t, c.notes.row, "the row is noted before the client sees the end")
		require.Equal(c.t, dcoder.UsageFinal, c.notes.row.State)
		require.False(c.t, c.notes.row.Estimated)
		require.Equal(c.t, dcoder.Tokens{Input: 12, Output: 50}, c.notes.row.Tokens)
	}
	return len(p), nil
}

// TestTheJournalIsAheadOfTheClient holds what a killed process's successor lives
// on: nothing is delivered that is not noted, and whoever has the whole answer
// has a row with the provider's own numbers.
func TestTheJournalIsAheadOfTheClient(t *testing.T) {
	n := &notes{}
	c := &client{sink: sink{http.Header{}}, t: t, notes: n}
	body := strings.NewReader(asking("gpt-4o-mini", true, ""))
	handlerOf(t, streamed(), n).ServeHTTP(c, httptest.NewRequest(http.MethodPost, "/v1/chat/completions", body))
	require.True(t, c.whole)
	require.EqualValues(t, 50, c.events)
}
