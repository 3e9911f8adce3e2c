package compress_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/compress"
	"github.com/d-coder-ai/dcoder/shared/compress/compresstest"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// conversations that are compared byte by byte at every turn.
const conversations = 1000

func TestBytesOnceSentNeverChange(t *testing.T) {
	runs, changed := 0, 0
	for runs < conversations {
		rapid.Check(t, func(t *rapid.T) {
			runs++
			c := compress.Conversation{Options: optionsOf(t), Handles: rapid.Bool().Draw(t, "handles")}
			if rapid.Bool().Draw(t, "memo") {
				c.Memo = compress.NewMemo(rapid.SampledFrom([]int{0, 2_000, 1 << 20}).Draw(t, "most"))
			}
			all := []compress.Message{{Role: compress.System, Text: compresstest.Text(t)}, {Role: compress.User, Text: compresstest.Text(t)}}
			sent := c.Messages(all)
			for range rapid.IntRange(1, 3).Draw(t, "turns") {
				all = append(all, compresstest.Turn(t)...)
				now := c.Messages(all)
				for i, before := range sent {
					if now[i].Text != before.Text || now[i].Role != before.Role {
						t.Fatalf("message %d was sent as %q and then as %q", i, before.Text, now[i].Text)
					}
				}
				for i, m := range now {
					if len(m.Text) > len(all[i].Text) || (m.Role == compress.System || m.Role == compress.Assistant) && m.Text != all[i].Text {
						t.Fatalf("message %d: %q became %q", i, all[i].Text, m.Text)
					}
					if m.Text != all[i].Text {
						changed++
					}
				}
				sent = now
			}
		})
	}
	require.Greater(t, changed, conversations/10, "nothing was compressed, so nothing was tried")
	t.Logf("%d conversations, %d messages shortened", runs, changed)
}

func passages() string {
	var b strings.Builder
	for i, name := range []string{"Harbour", "Treaty", "Cape of Storms", "Engine", "Church"} {
		b.WriteString("Document [" + string(rune('1'+i)) + "](Title: " + name + ") ")
		b.WriteString(strings.Repeat("Nothing of note was written about this in the old paper. ", 8))
		if name == "Cape of Storms" {
			b.WriteString("Dias rounded the Cape of Storms in 1488. ")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestTheQuestionStaysAndSoDoesWhatItNeeds(t *testing.T) {
	text := "Answer from the documents.\n\n" + passages() + "\nWho rounded the Cape of Storms?"
	c := compress.Conversation{Options: compress.Options{Mode: compress.Ratio, Ratio: 3, Use: compress.RAG, Count: token.Count}, Handles: true}
	got := c.Messages([]compress.Message{{Role: compress.User, Text: text}})[0]
	require.Contains(t, got.Text, "Answer from the documents.")
	require.Contains(t, got.Text, "Who rounded the Cape of Storms?")
	require.Contains(t, got.Text, "Dias rounded the Cape of Storms in 1488.")
	require.Contains(t, got.Text, string(compress.HandleOf(text)))
	require.Equal(t, compress.HandleOf(text), got.Handle)
	require.True(t, got.Cut)
	require.Less(t, got.Out*2, got.In)
}

func TestAToolsAnswerIsCutByTheQuestionBeforeIt(t *testing.T) {
	c := compress.Conversation{Options: compress.Options{Mode: compress.Ratio, Ratio: 3, Count: token.Count}}
	got := c.Messages([]compress.Message{
		{Role: compress.User, Text: "Who rounded the Cape of Storms?"},
		{Role: compress.Assistant, Text: "I will search."},
		{Role: compress.Tool, Text: passages()},
		{Role: compress.User, Text: "And what of the engine and the church?"},
	})
	require.Contains(t, got[2].Text, "Dias rounded the Cape of Storms in 1488.")
	require.Less(t, got[2].Out, got[2].In/2)
}

func TestMemoAnswersTheSameAndForgets(t *testing.T) {
	all := []compress.Message{{Role: compress.User, Text: "Who rounded the Cape of Storms?"}, {Role: compress.Tool, Text: passages()}}
	o := compress.Options{Mode: compress.Auto, Count: token.Count}
	plain := compress.Conversation{Options: o}.Messages(all)
	for _, most := range []int{0, 100, 1 << 20} {
		c := compress.Conversation{Options: o, Memo: compress.NewMemo(most)}
		for range 3 {
			require.Equal(t, plain, c.Messages(all), most)
		}
	}
	counted := 0
	o.Count = func(text string) int { counted++; return token.Count(text) }
	c := compress.Conversation{Options: o, Memo: compress.NewMemo(1 << 20)}
	c.Messages(all)
	first := counted
	c.Messages(all)
	require.Equal(t, first, counted, "what is remembered is not worked on again")
}

func TestWindowMovesInSteps(t *testing.T) {
	w := compress.Window{Keep: 2, Step: 3}
	var all []compress.Message
	var sent []compress.Message
	moved := 0
	for turn := range 12 {
		all = append(all, compress.Message{Role: compress.User, Text: "next"}, compress.Message{Role: compress.Tool, Text: passages() + string(rune('a'+turn))})
		now, handles := w.Mask(all, token.Count)
		require.Len(t, handles, max(0, turn+1-2)/3*3, turn)
		for i, m := range sent {
			if m != now[i] {
				moved++
				require.Zero(t, (turn+1-2)%3, "a step only every three turns")
				require.Contains(t, now[i].Text, string(compress.HandleOf(all[i].Text)))
			}
		}
		sent = now
	}
	require.Equal(t, 9, moved)
	same, handles := compress.Window{}.Mask(all, token.Count)
	require.Equal(t, all, same)
	require.Empty(t, handles)
}

func TestWorth(t *testing.T) {
	anthropic := compress.Prices{Fresh: 1, Read: .1, Write: 1.25}
	for _, c := range []struct {
		name   string
		change compress.Change
		prices compress.Prices
		want   bool
	}{
		{"too little", compress.Change{In: 1000, Out: 940}, anthropic, false},
		{"nothing cached", compress.Change{In: 1000, Out: 900}, anthropic, true},
		{"a prefix is rewritten for little", compress.Change{In: 10_000, Out: 9_000, Cached: 5_000}, anthropic, false},
		{"a prefix is rewritten for much", compress.Change{In: 10_000, Out: 3_000, Cached: 3_000}, anthropic, true},
		{"no prompt cache", compress.Change{In: 10_000, Out: 9_000, Cached: 5_000}, compress.Prices{Fresh: 1}, true},
		{"larger", compress.Change{In: 1000, Out: 1200}, anthropic, false},
	} {
		require.Equal(t, c.want, c.change.Worth(c.prices), c.name)
	}
}
