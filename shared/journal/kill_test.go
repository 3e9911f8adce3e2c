package journal

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// childDir makes the test's own binary the process that is killed.
const childDir = "DCODER_TEST_JOURNAL_CHILD"

// child runs streams for ever: each opens a mark, notes every token before it
// "delivers" it (a line to the parent), ends, is settled, and is acknowledged.
func child() {
	j := New(os.Getenv(childDir), quiet)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for {
				stream(j)
			}
		})
	}
	all.Wait()
}

func stream(j *Journal) {
	id := dcoder.NewID()
	m := j.Open(admission(id), verdict())
	say("open %s 0", id)
	n := int64(0)
	for range rand.IntN(40) {
		n++
		m.Progress(dcoder.Tokens{Input: 7, Output: n}, 3*n)
		say("token %s %d", id, n)
	}
	row := dcoder.UsageRecord{ID: id, State: dcoder.UsageFinal, Status: 200, Tokens: dcoder.Tokens{Input: 7, Output: n}, Cost: 3 * n}
	m.Settled(&row)
	say("settled %s %d", id, n)
	say("acknowledged %s %d", id, n)
	m.Close()
	say("closed %s %d", id, n)
}

// say writes one line in one system call, so that a kill never cuts it.
func say(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }

// heard is what the parent heard last of a call.
type heard struct {
	word   string
	tokens int64
}

// TestKilledProcess kills a real process at random moments, twenty times: every
// call that was open is an orphan, with all tokens that the parent heard of and
// at most the one that it was about to hear of.
func TestKilledProcess(t *testing.T) {
	orphans := 0
	for range 20 {
		dir := t.TempDir()
		calls := runAndKill(t, dir)
		found := collect(t, dir)
		for id, h := range calls {
			o, open := found[id]
			if h.word == "closed" {
				require.False(t, open, "a closed call is no orphan")
				continue
			}
			if h.word == "acknowledged" && !open {
				continue // it was killed between Close and the line that tells of it
			}
			require.True(t, open, "%s: a call that was %s is found", id, h.word)
			orphans++
			got := o.Record.Tokens.Output
			if h.word == "open" && got == 0 {
				require.False(t, o.Final && h.tokens > 0)
				continue
			}
			require.GreaterOrEqual(t, got, h.tokens, "all that was delivered")
			require.LessOrEqual(t, got, h.tokens+1, "and what was about to be")
			require.Equal(t, 3*got, o.Record.Cost)
			require.EqualValues(t, 7, o.Record.Tokens.Input)
			if h.word == "settled" || h.word == "acknowledged" {
				require.True(t, o.Final)
				require.Equal(t, h.tokens, got)
			}
		}
		for id := range found {
			if _, known := calls[id]; !known {
				require.LessOrEqual(t, found[id].Record.Tokens.Output, int64(1), "killed before its first line")
			}
		}
		require.Empty(t, files(t, dir))
	}
	require.Greater(t, orphans, 20, "the kills met open calls")
}

func runAndKill(t *testing.T, dir string) map[string]heard {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	after := 1 + rand.IntN(3000)
	calls := map[string]heard{}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if n == after {
			require.NoError(t, cmd.Process.Kill())
		}
		word, rest, _ := strings.Cut(lines.Text(), " ")
		var id string
		var tokens int64
		_, err := fmt.Sscanf(rest, "%s %d", &id, &tokens)
		require.NoError(t, err, lines.Text())
		calls[id] = heard{word, tokens}
	}
	require.Error(t, cmd.Wait(), "it was killed")
	return calls
}
