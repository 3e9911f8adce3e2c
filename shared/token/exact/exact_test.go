package exact_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/token/exact"
)

type row = []int

// The ranks are those of another implementation, github.com/pkoukk/tiktoken-go
// v0.1.8, which runs OpenAI's own expressions.
var reference = []struct {
	text   string
	o200k  []int
	cl100k []int
}{
	{"", row{}, row{}},
	{"hello world", row{24912, 2375}, row{15339, 1917}},
	{"I'll go; YOU'LL stay, they've left.", row{67504, 810, 26, 19461, 6, 7454, 5092, 11, 51676, 3561, 13}, row{40, 3358, 733, 26, 15334, 6, 4178, 4822, 11, 814, 3077, 2163, 13}},
	{"parseHTTPResponse camelCaseWORDs XMLHttp", row{4841, 17893, 3186, 83330, 6187, 15299, 82, 100497}, row{6534, 9412, 2647, 50252, 4301, 7375, 82, 12138, 2977}},
	{"1234567890 3.14159 ٣٤٥٦", row{7633, 19354, 29338, 15, 220, 18, 13, 16926, 4621, 220, 81473, 98713, 97336, 122513}, row{4513, 10961, 16474, 15, 220, 18, 13, 9335, 2946, 220, 149, 96, 149, 97, 149, 98, 149, 99}},
	{"  leading\n\n  and\ttabs   ", row{220, 8117, 279, 220, 326, 6264, 6071, 271}, row{220, 6522, 271, 220, 323, 3324, 3518, 262}},
	{"a\r\n\r\n b \u00a0c", row{64, 1414, 287, 220, 5310, 66}, row{64, 881, 293, 220, 4194, 66}},
	{"日本語のテキストと한국어", row{9048, 40909, 3385, 16056, 18368, 38236, 5330, 114854, 5959}, row{9080, 22656, 45918, 252, 16144, 57933, 62903, 71634, 19732, 24486, 89059, 255, 32179}},
	{"naïve café é ǅʰ", row{1503, 9954, 737, 30469, 319, 13430, 220, 131, 227, 134, 108}, row{3458, 38672, 588, 53050, 384, 54939, 220, 131, 227, 134, 108}},
	{"https://example.org/a/b?c=d#e//", row{4172, 1684, 18582, 4519, 23839, 7611, 30, 66, 56413, 2, 68, 393}, row{2485, 1129, 8858, 2726, 14520, 3554, 30, 66, 26477, 2, 68, 322}},
	{"if (x != nil) {\n\t\treturn fmt.Errorf(\"no: %w\", err)\n}\n", row{366, 350, 87, 1666, 4038, 8, 405, 197, 1393, 18237, 26855, 568, 1750, 25, 1851, 86, 672, 2962, 446, 739}, row{333, 320, 87, 976, 2139, 8, 341, 197, 862, 9055, 13380, 446, 2201, 25, 1034, 86, 498, 1886, 340, 534}},
	{"👩\u200d👩\u200d👧 😀!!!", row{28823, 102, 2524, 28823, 102, 2524, 28823, 100, 88038, 10880}, row{9468, 239, 102, 378, 235, 9468, 239, 102, 378, 235, 9468, 239, 100, 91416, 12340}},
	{" \u2003 ſ'ſ 'S", row{559, 225, 20757, 123, 6, 70067, 461, 50}, row{639, 225, 27006, 123, 6, 129, 123, 364, 50}},
	{"indivisible antidisestablishmentarianism", row{521, 349, 181386, 4624, 129901, 376, 160388, 21203, 2367}, row{485, 344, 23936, 3276, 85342, 34500, 479, 8997, 2191}},
}

func TestRanksAreTheReferences(t *testing.T) {
	for _, c := range reference {
		require.Equal(t, c.o200k, orEmpty(exact.O200k().Encode(c.text)), c.text)
		require.Equal(t, c.cl100k, orEmpty(exact.Cl100k().Encode(c.text)), c.text)
		require.Equal(t, len(c.o200k), exact.O200k().Count(c.text), c.text)
		require.Equal(t, len(c.cl100k), exact.Cl100k().Count(c.text), c.text)
	}
}

func orEmpty(ranks []int) []int {
	if ranks == nil {
		return row{}
	}
	return ranks
}

func TestModelsAndTheirEncodings(t *testing.T) {
	for model, want := range map[string]string{
		"gpt-4o-mini": "o200k_base", "gpt-4.1-2025-04-14": "o200k_base", "gpt-5-nano": "o200k_base", "o3-mini": "o200k_base", "ft:gpt-4o-mini:acme": "o200k_base",
		"gpt-4-0613": "cl100k_base", "gpt-4-turbo": "cl100k_base", "gpt-3.5-turbo": "cl100k_base", "text-embedding-3-small": "cl100k_base",
	} {
		e, ok := exact.For(model)
		require.True(t, ok, model)
		require.Equal(t, want, e.Name(), model)
	}
	_, ok := exact.For("claude-sonnet-4")
	require.False(t, ok)
}

// A piece may be as long as the text: tens of thousands of letters without a space.
func TestLongPiecesAreCutInTime(t *testing.T) {
	require.Equal(t, 1<<16/8, exact.O200k().Count(strings.Repeat("a", 1<<16)))
}

func TestAnyTextIsCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		n := exact.O200k().Count(text)
		if n > len(text) || n == 0 && text != "" || n != len(exact.O200k().Encode(text)) {
			t.Fatalf("%q is %d tokens", text, n)
		}
	})
}

func BenchmarkCount(b *testing.B) {
	text := strings.Repeat("The first Nobel Prize in Physics was awarded in 1901. ", 200)
	exact.O200k()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		exact.O200k().Count(text)
	}
}
