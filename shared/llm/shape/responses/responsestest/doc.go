// Package responsestest tells a right stream of the Responses API from a wrong
// one: a state machine that every stream of that shape passes that a test
// anywhere sees. Only tests import it.
package responsestest

import (
	"testing"
)

// Expect is what a stream must hold besides being right; zero fields are not
// looked at.
type Expect struct {
	Status string // of the response at the end: "completed", "incomplete", "failed"
	Text   string // of all messages together
	Calls  int    // of tools
	Error  bool   // it ends with an error event instead
}

// Seen is what a right stream held.
type Seen struct {
	Status    string
	ID        string
	Text      string
	Reasoning string
	Calls     []Call
	Input     int64 // tokens
	Output    int64
	Error     string // message of an error event, or of a failed response
}

// Call is a call of a tool.
type Call struct{ ID, Name, Arguments string }

// ValidStream fails the test when raw is not a right stream with what o expects.
func ValidStream(t testing.TB, raw []byte, o Expect) *Seen {
	t.Helper()
	seen, err := Check(raw)
	if err != nil {
		t.Fatalf("not a right stream of a response: %v\n%s", err, raw[max(0, len(raw)-4096):])
	}
	switch {
	case o.Error != (seen.Status == ""):
		t.Fatalf("the stream ends with %q and error %q", seen.Status, seen.Error)
	case o.Status != "" && o.Status != seen.Status:
		t.Fatalf("the status is %q and not %q", seen.Status, o.Status)
	case o.Text != "" && o.Text != seen.Text:
		t.Fatalf("the text is %q and not %q", seen.Text, o.Text)
	case o.Calls != 0 && o.Calls != len(seen.Calls):
		t.Fatalf("there are %d calls and not %d", len(seen.Calls), o.Calls)
	}
	return seen
}
