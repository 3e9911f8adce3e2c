package virtualkey

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

var pattern = regexp.MustCompile("^" + Pattern + "$")

func drawKey(t *rapid.T) Key {
	tenant := rapid.SampledFrom([]string{dcoder.PlatformTenant, dcoder.NewTenantID()}).Draw(t, "tenant")
	return New(tenant, dcoder.NewKeyID())
}

func TestParseReadsWhatNewMade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := drawKey(t)
		got, err := Parse(k.Text)
		require.NoError(t, err)
		assert.Equal(t, k, got)
		assert.Regexp(t, pattern, k.Text)
	})
}

func TestOneWrongCharacterIsMalformed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := drawKey(t)
		at := rapid.IntRange(0, len(k.Text)-1).Draw(t, "at")
		wrong := rapid.SampledFrom([]byte(base62+"_ -\x00\xff")).
			Filter(func(b byte) bool { return b != k.Text[at] }).Draw(t, "wrong")
		_, err := Parse(k.Text[:at] + string([]byte{wrong}) + k.Text[at+1:])
		assert.ErrorIs(t, err, ErrMalformed)
	})
}

func TestCutOrPaddedIsMalformed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := drawKey(t)
		cut := rapid.IntRange(0, len(k.Text)-1).Draw(t, "cut")
		for _, text := range []string{k.Text[:cut], k.Text[cut+1:], k.Text + "0", " " + k.Text, k.Text + "\n"} {
			_, err := Parse(text)
			assert.ErrorIs(t, err, ErrMalformed, "%q", text)
		}
	})
}

// The checksum is part of the published format: a scanner elsewhere computes it.
func TestChecksumIsFixed(t *testing.T) {
	assert.Equal(t, "2wzvga", checksum("dck_platform_000000000000_"+strings.Repeat("0", 32)))
}

func TestSecretsDoNotRepeat(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		seen[newSecret()] = true
	}
	assert.Len(t, seen, 10_000)
}

func TestPrintingHidesTheSecret(t *testing.T) {
	k := New(dcoder.NewTenantID(), dcoder.NewKeyID())
	secret := k.Text[strings.LastIndex(k.Text, "_")+1:]
	for _, printed := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s", k, k, k, k)} {
		assert.NotContains(t, printed, secret)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(New(dcoder.PlatformTenant, dcoder.NewKeyID()).Text)
	f.Add(New(dcoder.NewTenantID(), dcoder.NewKeyID()).Text)
	f.Add("dck___")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := Parse(text)
		if err != nil {
			assert.Equal(t, Key{}, k)
			return
		}
		assert.Regexp(t, pattern, text)
		assert.Equal(t, text, k.Text)
	})
}
