package label

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"golang.org/x/text/unicode/norm"
)

func TestGoodLabels(t *testing.T) {
	for in, want := range map[string]string{
		"Acme": "Acme", "O'Reilly & Sons, Inc. (EU)": "O'Reilly & Sons, Inc. (EU)", "3M": "3M", "株式会社ディー": "株式会社ディー",
		"Газпром": "Газпром", "Zu\u0308rich": "Z\u00fcrich", "Team #1: R-D_x": "Team #1: R-D_x", "Газпром Bank": "Газпром Bank",
		strings.Repeat("x", 100): strings.Repeat("x", 100),
	} {
		got, err := Clean(in)
		assert.NoError(t, err, in)
		assert.Equal(t, want, got)
	}
}

func TestBadLabels(t *testing.T) {
	for _, in := range []string{
		"", " ", " Acme", "Acme ", "A  B", "'; DROP TABLE tenants; --", "' OR '1'='1", "admin'--", "../../etc/passwd", "a/b", `a\b`, "a..b",
		strings.Repeat("x", 101), strings.Repeat("x", 500), strings.Repeat("e\u0301", 500), "A\u0000B", "A\nB", "A\u202eB", "A\u200bB", "A\u2066B\u2069", "\ufeffA",
		"\u0430cme", "A\u0301\u0301\u0301\u0301\u0301", "\u0301A", "a\xffb", "<script>", "${jndi}", "A\u00a0B", "A\u3164B", "\U000e0041A", "\ue000", "`id`", "%00",
	} {
		_, err := Clean(in)
		assert.Error(t, err, "%q", in)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("Acme")
	f.Add("e\u0301\u202e")
	f.Fuzz(func(t *testing.T, in string) {
		out, err := Clean(in)
		if err != nil {
			return
		}
		assert.LessOrEqual(t, utf8.RuneCountInString(out), Most)
		assert.True(t, norm.NFC.IsNormalString(out))
		assert.False(t, strings.ContainsFunc(out, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`/\;<>"=`, r)
		}))
		again, err := Clean(out)
		assert.NoError(t, err)
		assert.Equal(t, out, again)
	})
}
