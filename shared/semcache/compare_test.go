package semcache_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// TestG3Vetoes: what must not be served for each other, and why.
func TestG3Vetoes(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want semcache.Findings
	}{
		{"Can I carry 20 kg of baggage?", "Can I carry 30 kg of baggage?", semcache.Number},
		{"What changed in Go 1.21?", "What changed in Go 1.22?", semcache.Number},
		{"Is the office open on the 3rd?", "Is the office open on the 4th?", semcache.Number},
		{"Convert 5 miles to kilometres", "Convert five miles to kilometres", 0},
		{"How do I rotate a key in Vault?", "How do I rotate a key in Consul?", semcache.Name},
		{"What does parse_url return?", "What does parse_str return?", semcache.Name},
		{"How do I enable two-factor login?", "How do I disable two-factor login?", semcache.Opposite},
		{"Should I eat before the run?", "Should I eat after the run?", semcache.Opposite},
		{"Symptoms of hypocalcemia in dogs", "Symptoms of hypercalcemia in dogs", semcache.Opposite},
		{"Is this mushroom edible?", "Is this mushroom inedible?", semcache.Negation},
		{"Can minors open an account?", "Can minors not open an account?", semcache.Negation},
		{"How can I be more patient?", "How can I be less patient?", semcache.Negation},
		{"How can I be less patient?", "How can I be more impatient?", 0},
		{"How do I become a polite waiter?", "How do I become a waiter who is not rude?", 0},
		{"How do I sync files from Drive to Box?", "How do I sync files from Box to Drive?", semcache.Role},
		{"Does Alice manage Bob?", "Does Bob manage Alice?", semcache.Role},
		{"Does Alice manage Bob?", "Is Bob managed by Alice?", 0},
		{"Does Alice manage Bob?", "Is Alice managed by Bob?", semcache.Role},
		{"Is Alice married to Bob?", "Is Bob married to Alice?", 0},
		{"If they part, will he keep her house?", "If they part, will she keep his house?", semcache.Gender},
		{"Is Ann a painter?", "Was Ann a painter?", semcache.Tense},
		{"Is Ann a painter?", "Did Ann use to be a painter?", semcache.Tense | semcache.Meaning},
		{"When does the shop open?", "Where does the shop open?", semcache.Asks},
		{"Should I restart the router?", "May I restart the router?", semcache.Modality},
		{"Is it tea or coffee?", "Is it tea and coffee?", semcache.Choice},
		{"Can my horse eat apples?", "Can my hamster eat apples?", semcache.Meaning},
		{"Is Ann a painter?", "Is Ann a retired painter?", semcache.Meaning},
		{"Is Ann a painter and a poet?", "Is Ann a poet and a painter?", 0},
		{"What's the fastest way to learn Rust?", "What is really the fastest way to learn Rust?", 0},
		{"How do I clean a wool carpet?", "How do I claen a wool carpet?", 0},
		{"How do I keep lists of from fields?", "How do I keep lists of form fields?", semcache.Meaning},
		{"how do i top up", "What is the best way to top up?", 0},
	} {
		there := semcache.Compare(semcache.Read(c.a), semcache.Read(c.b)).Found
		require.Equal(t, c.want.String(), there.String(), "%s | %s", c.a, c.b)
		back := semcache.Compare(semcache.Read(c.b), semcache.Read(c.a)).Found
		require.Equal(t, there.String(), back.String(), "the other way round: %s | %s", c.a, c.b)
	}
}

func TestHardFindingsAreNamed(t *testing.T) {
	require.Equal(t, "number,name,opposite,role,gender,negation,long,apart", semcache.Hard.String())
	require.Equal(t, "order", semcache.Order.String())
}

// words that can change a meaning, for the generated pairs.
var vocabulary = strings.Fields(`how what when is are can should not never the a of to from by in before after more less and or he she
	card bank opened close transfer 12 7th $5 London Alice alice's can't v1.2 parse_url don't married polite rude used be, ? . really`)

func sentence(t *rapid.T, name string) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 14).Draw(t, name), " ")
}

func TestATextAgreesWithItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := semcache.Read(sentence(t, "text"))
		require.Zero(t, semcache.Compare(text, text).Found, text.String())
	})
}

func TestFindingsDoNotDependOnTheSide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := semcache.Read(sentence(t, "a")), semcache.Read(sentence(t, "b"))
		const counted = semcache.Number | semcache.Name | semcache.Gender | semcache.Tense | semcache.Asks | semcache.Choice
		require.Equal(t, semcache.Compare(a, b).Found&counted, semcache.Compare(b, a).Found&counted)
	})
}

func TestAnotherNumberIsAlwaysFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 9998).Draw(t, "n")
		m := rapid.IntRange(2, 9998).Filter(func(m int) bool { return m != n }).Draw(t, "m")
		said := sentence(t, "words")
		a, b := semcache.Read(said+" "+strconv.Itoa(n)), semcache.Read(said+" "+strconv.Itoa(m))
		require.NotZero(t, semcache.Compare(a, b).Found&semcache.Number, "%s: %d %d", said, n, m)
	})
}

func FuzzCompare(f *testing.F) {
	f.Add("What's 1,000.0 in €?", "how's \xff 5k")
	f.Add("it's he's she'd", "ÄÖÜ ’s 3rd-4th")
	f.Add("", strings.Repeat("word ", 500))
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := semcache.Read(a), semcache.Read(b)
		c := semcache.Compare(x, y)
		if a == b && len(strings.Fields(a)) < 50 {
			require.Zero(t, c.Found&^semcache.Long)
		}
		semcache.Lexical{Dimension: 64}.Embed(x)
		semcache.Verify(a, b)
	})
}

func BenchmarkPair(b *testing.B) {
	const x, y = "Can you tell me how I change the address of my card?", "How do I change my card's delivery address?"
	b.ReportAllocs()
	for b.Loop() {
		semcache.Compare(semcache.Read(x), semcache.Read(y))
	}
}
