package callid_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

var clean = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

func TestPackedIDsAreCleanAndComeBack(t *testing.T) {
	for name, c := range map[string]struct{ id, signature string }{
		"plain":                   {"call_1", ""},
		"signed":                  {"call_1", "EqQBCkYIBhgCKkBzaWduYXR1cmU+/=="},
		"odd characters":          {"functions.read:0 ü", ""},
		"odd and signed":          {"functions.read:0", "sig"},
		"empty":                   {"", "sig"},
		"looks packed":            {callid.Prefix + "abc", ""},
		"packed twice":            {callid.Pack("call_1", "x"), "y"},
		"long signature":          {"call_1", strings.Repeat("AbC+/012", 2000)},
		"long id, nothing rides":  {strings.Repeat("x", 400), ""},
		"one that is not UTF-8 ":  {"\xff\xfe", "\x00"},
		"a newline, a null, a \"": {"a\nb\x00\"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			packed := callid.Pack(c.id, c.signature)
			require.Regexp(t, clean, packed)
			id, signature := callid.Unpack(packed)
			require.Equal(t, c.id, id)
			require.Equal(t, c.signature, signature)
			require.LessOrEqual(t, len(packed), callid.Most)
		})
	}
}

func TestACleanIDWithoutCargoIsItself(t *testing.T) {
	require.Equal(t, "toolu_01A", callid.Pack("toolu_01A", ""))
}

func TestForeignIDsMeanThemselves(t *testing.T) {
	whole := callid.Pack("call_1", "signature")
	for _, id := range []string{"call_1", "", callid.Prefix, callid.Prefix + "!!", whole[:len(whole)-1], whole + "A", "x" + whole} {
		got, signature := callid.Unpack(id)
		require.Equal(t, id, got)
		require.Empty(t, signature)
	}
}

func TestThoughtsRide(t *testing.T) {
	c := callid.Cargo{Signature: "s", Thoughts: []callid.Thought{
		{Text: strings.Repeat("Let me look at the file first. ", 300), Signature: "c2lnbmF0dXJl"},
		{Signature: "ZW5jcnlwdGVk", Redacted: true},
	}}
	packed := callid.Load("toolu_1", c)
	require.Less(t, len(packed), 2000, "thinking is compressed")
	id, got := callid.Unload(packed)
	require.Equal(t, "toolu_1", id)
	require.Equal(t, c, got)
}

func TestWhatDoesNotFitStaysBehind(t *testing.T) {
	noise := make([]byte, 2*callid.Most)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	require.Equal(t, "call_1", callid.Pack("call_1", string(noise)))
	odd := callid.Pack("call.1", string(noise))
	require.Regexp(t, clean, odd)
	id, signature := callid.Unpack(odd)
	require.Equal(t, "call.1", id)
	require.Empty(t, signature)
}

func TestDifferentIDsStayDifferent(t *testing.T) {
	seen := map[string]string{}
	for _, id := range []string{"a.b", "a_b", "a-b", "a b", "a:b", "a/b", "a", "A", "", callid.Pack("a.b", "")} {
		packed := callid.Pack(id, "")
		require.NotContains(t, seen, packed)
		seen[packed] = id
	}
}

func FuzzUnload(f *testing.F) {
	f.Add("call_1")
	f.Add(callid.Pack("call_1", "signature"))
	f.Add(callid.Load("a.b", callid.Cargo{Thoughts: []callid.Thought{{Text: strings.Repeat("thinking ", 40), Signature: "s"}}}))
	f.Fuzz(func(t *testing.T, s string) {
		id, c := callid.Unload(s)
		packed := callid.Load(id, c)
		again, d := callid.Unload(packed)
		if again != id {
			t.Fatalf("%q: %q became %q", s, id, again)
		}
		if len(packed) <= callid.Most && len(c.Thoughts) != len(d.Thoughts) && packed != id {
			t.Fatalf("%q: thoughts were lost", s)
		}
	})
}
