package secret

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var ctx = context.Background()

func vaultOf(t testing.TB, json string) *Vault {
	t.Helper()
	k, err := ParseKeyset(json)
	require.NoError(t, err)
	return NewVault(k)
}

func newKeyset(t testing.TB) string {
	t.Helper()
	json, err := NewKeyset()
	require.NoError(t, err)
	return json
}

func TestABoxOpensOnlyItsOwnObjects(t *testing.T) {
	v := vaultOf(t, newKeyset(t))
	keyA, err := v.NewDataKey(ctx, "a")
	require.NoError(t, err)
	keyB, err := v.NewDataKey(ctx, "b")
	require.NoError(t, err)
	a, err := v.Box(ctx, "a", keyA)
	require.NoError(t, err)
	b, err := v.Box(ctx, "b", keyB)
	require.NoError(t, err)

	sealed, err := a.Seal("provider/openai", []byte("sk-secret"))
	require.NoError(t, err)
	assert.NotContains(t, string(sealed), "sk-secret")

	plain, err := a.Open("provider/openai", sealed)
	require.NoError(t, err)
	assert.Equal(t, "sk-secret", string(plain))

	_, err = a.Open("provider/groq", sealed)
	assert.ErrorIs(t, err, ErrCannotOpen, "moved to another object")
	_, err = b.Open("provider/openai", sealed)
	assert.ErrorIs(t, err, ErrCannotOpen, "moved to another tenant")
	_, err = v.Box(ctx, "b", keyA)
	assert.ErrorIs(t, err, ErrCannotOpen, "the data key itself moved to another tenant")
}

// The same data key under another tenant's name: the binding alone must refuse.
func TestTheBindingHoldsUnderOneKey(t *testing.T) {
	v := vaultOf(t, newKeyset(t))
	sealed, err := v.Seal(ctx, "a", "snapshot/k1", []byte("snapshot"))
	require.NoError(t, err)
	for _, at := range [][2]string{{"b", "snapshot/k1"}, {"a", "snapshot/k2"}, {"a\x00snapshot", "k1"}, {"", ""}} {
		_, err := v.Open(ctx, at[0], at[1], sealed)
		assert.ErrorIs(t, err, ErrCannotOpen, "%q", at)
	}
}

func TestAnotherProcessOpensWhatWasCarried(t *testing.T) {
	json := newKeyset(t)
	sealed, err := vaultOf(t, json).Seal(ctx, "a", "snapshot/k1", []byte("snapshot"))
	require.NoError(t, err)
	plain, err := vaultOf(t, json).Open(ctx, "a", "snapshot/k1", sealed)
	require.NoError(t, err)
	assert.Equal(t, "snapshot", string(plain))
	_, err = vaultOf(t, newKeyset(t)).Open(ctx, "a", "snapshot/k1", sealed)
	assert.ErrorIs(t, err, ErrCannotOpen, "another key encryption key")
}

func TestDamageIsNoticed(t *testing.T) {
	v := vaultOf(t, newKeyset(t))
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		sealed, err := v.Seal(ctx, "a", "o", plain)
		require.NoError(t, err)
		opened, err := v.Open(ctx, "a", "o", sealed)
		require.NoError(t, err)
		assert.Len(t, opened, len(plain))

		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		sealed[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		_, err = v.Open(ctx, "a", "o", sealed)
		assert.ErrorIs(t, err, ErrCannotOpen)
	})
}

func FuzzOpen(f *testing.F) {
	json, err := NewKeyset()
	require.NoError(f, err)
	v := vaultOf(f, json)
	good, err := v.Seal(ctx, "a", "o", []byte("x"))
	require.NoError(f, err)
	f.Add(good[:len(good)-1])
	f.Add([]byte{versionCarrying, 0xff, 0xff})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if string(sealed) == string(good) {
			return
		}
		_, err := v.Open(ctx, "a", "o", sealed)
		assert.ErrorIs(t, err, ErrCannotOpen)
	})
}
