package semcache_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// TestG1LastUserMessageOnly: no field of a partition is for the last user
// message, so that two questions of one kind meet in one partition.
func TestG1LastUserMessageOnly(t *testing.T) {
	shape := reflect.TypeFor[semcache.Partition]()
	for i := range shape.NumField() {
		name := strings.ToLower(shape.Field(i).Name)
		require.NotContains(t, name, "question")
		require.NotContains(t, name, "text")
		require.NotContains(t, name, "message")
	}
	ask := semcache.Ask{Text: semcache.Read("What is a virtual key?"), Turns: 1}
	require.Empty(t, semcache.Refuse(&ask))
}

// TestG2PartitionFingerprint: every field tells partitions apart, and no two
// neighbouring fields run together.
func TestG2PartitionFingerprint(t *testing.T) {
	keys := map[string]string{}
	shape := reflect.TypeFor[semcache.Partition]()
	for i := range shape.NumField() {
		for _, value := range []string{"a", "aa"} {
			var p semcache.Partition
			reflect.ValueOf(&p).Elem().Field(i).SetString(value)
			key := p.Key()
			require.Len(t, key, 32)
			require.Empty(t, keys[key], "%s and %s", keys[key], shape.Field(i).Name)
			keys[key] = shape.Field(i).Name
			require.Equal(t, key, p.Key())
			require.Equal(t, semcache.PartitionNumber(key), p.Number())
		}
	}
	x, y := semcache.Partition{Tenant: "ab"}, semcache.Partition{Tenant: "a", Scope: "b"}
	require.NotEqual(t, x.Key(), y.Key())
}

func TestG2Classes(t *testing.T) {
	cold, zero, hot, hotter := 0.3, 0.0, 0.9, 1.0
	require.Equal(t, semcache.HeatClass(&zero), semcache.HeatClass(&cold))
	require.NotEqual(t, semcache.HeatClass(nil), semcache.HeatClass(&cold))
	require.NotEqual(t, semcache.HeatClass(&hot), semcache.HeatClass(&hotter))
	small, same, large := int64(260), int64(500), int64(512)
	require.Equal(t, semcache.OutputClass(&small), semcache.OutputClass(&same))
	require.NotEqual(t, semcache.OutputClass(&same), semcache.OutputClass(&large))
	require.NotEqual(t, semcache.OutputClass(nil), semcache.OutputClass(&large))
}

// TestG4AgreementFloor: an embedding that says "equal" does not serve a text
// that shares no word.
func TestG4AgreementFloor(t *testing.T) {
	vector := semcache.Unit([]float32{1, 2, 3})
	for _, c := range []struct {
		asked string
		hard  bool
	}{{"How do I close an account?", false}, {"Recommend dinner ideas please", true}} {
		near := []semcache.Near{{ID: "1", Cosine: 1, Text: semcache.Read("How do I close my account?"), Vector: vector, Group: 1}}
		p, ok := semcache.Propose(semcache.Read(c.asked), vector, near, semcache.NewVocabulary())
		require.True(t, ok)
		require.Equal(t, c.hard, p.Findings&semcache.Apart != 0, c.asked)
		require.Equal(t, c.hard, p.Features.Hard, c.asked)
	}
}

// TestG5Turns: beyond the first user turn only with an equal history.
func TestG5Turns(t *testing.T) {
	ask := semcache.Ask{Text: semcache.Read("What about the second option?"), Turns: 2}
	require.Equal(t, "turns", semcache.Refuse(&ask))
	ask.MostTurns = 3
	require.Empty(t, semcache.Refuse(&ask))
	ask.MostTurns, ask.SameHistory = 0, true
	require.Empty(t, semcache.Refuse(&ask))
}

// TestG6NotCached: what is neither looked up nor kept.
func TestG6NotCached(t *testing.T) {
	hot := 0.8
	plain := semcache.Read("What is a virtual key for?")
	for want, ask := range map[string]semcache.Ask{
		"tools": {Text: plain, Tools: true}, "media": {Text: plain, Media: true}, "guarded": {Text: plain, Flagged: true},
		"temperature": {Text: plain, Temperature: &hot}, "answers": {Text: plain, Answers: 2}, "long": {Text: semcache.Read(strings.Repeat("word ", 500))},
		"short": {Text: semcache.Read("and then?")}, "time": {Text: semcache.Read("What is the exchange rate today?")},
		"personal": {Text: semcache.Read("What is my balance?")}, "action": {Text: semcache.Read("Cancel the shipment to Berlin")},
		"": {Text: semcache.Read("How do I reset my password?"), Temperature: &hot, Hot: true},
	} {
		require.Equal(t, want, semcache.Refuse(&ask), ask.Text.String())
	}
	said := "A virtual key is a credential that names its tenant and itself."
	for want, reply := range map[string]semcache.Reply{
		"unfinished": {Text: said}, "refusal": {Text: said, Stopped: true, Refused: true}, "guarded": {Text: said, Stopped: true, Flagged: true},
		"short": {Text: "Yes.", Stopped: true}, "long": {Text: said, Stopped: true, MostSize: 10}, "": {Text: said, Stopped: true},
	} {
		require.Equal(t, want, semcache.Keep(&reply))
	}
}

// TestG8Verifier: the production comparer of answers.
func TestG8Verifier(t *testing.T) {
	const long = "A refund takes 5 working days and is paid to the card that was used for the purchase."
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`{"a": 1, "b": [2.50]}`, `{"b":[2.50],"a":1}`, true},
		{`{"a": 1}`, `{"a": 2}`, false},
		{`{"a": 1}`, `{"a": 1} and more words that follow here, many`, false},
		{"Paris", "paris.", true},
		{"Paris", "Lyon", false},
		{"", "", false},
		{long, "The refund takes 5 working days and is paid to the card used for the purchase.", true},
		{long, strings.Replace(long, "5", "6", 1), false},
		{long, strings.Replace(long, "is paid", "is not paid", 1), false},
		{long, "Please contact support to learn how your purchase can be returned and what it costs.", false},
	} {
		require.Equal(t, c.want, semcache.Verify(c.a, c.b), "%s | %s", c.a, c.b)
		require.Equal(t, c.want, semcache.Verify(c.b, c.a), "%s | %s", c.b, c.a)
	}
}
