package secret

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// While keysets roll out, processes of two neighbouring steps run side by side;
// each must open what the other wraps.
func TestRotationKeepsEverythingOpen(t *testing.T) {
	one := newKeyset(t)
	two, err := AddKey(one)
	require.NoError(t, err)
	three, err := PromoteKey(two)
	require.NoError(t, err)
	four, err := RetireKeys(three)
	require.NoError(t, err)

	steps := []string{one, two, three, four}
	for i := 1; i < len(steps); i++ {
		before, after := vaultOf(t, steps[i-1]), vaultOf(t, steps[i])
		wrapped, err := before.NewDataKey(ctx, "a")
		require.NoError(t, err)
		assertOpens(t, before, after)
		assertOpens(t, after, before)
		_, err = after.Box(ctx, "a", wrapped)
		assert.NoError(t, err)
	}
}

func assertOpens(t *testing.T, sealer, opener *Vault) {
	t.Helper()
	sealed, err := sealer.Seal(ctx, "a", "o", []byte("x"))
	require.NoError(t, err)
	_, err = opener.Open(ctx, "a", "o", sealed)
	assert.NoError(t, err)
}

func TestRewrappedKeysSurviveTheOldOne(t *testing.T) {
	one := newKeyset(t)
	wrapped, err := vaultOf(t, one).NewDataKey(ctx, "a")
	require.NoError(t, err)
	box, err := vaultOf(t, one).Box(ctx, "a", wrapped)
	require.NoError(t, err)
	sealed, err := box.Seal("provider/openai", []byte("sk-secret"))
	require.NoError(t, err)

	two, err := AddKey(one)
	require.NoError(t, err)
	three, err := PromoteKey(two)
	require.NoError(t, err)
	rewrapped, err := vaultOf(t, three).Rewrap(ctx, "a", wrapped)
	require.NoError(t, err)
	four, err := RetireKeys(three)
	require.NoError(t, err)

	last := vaultOf(t, four)
	_, err = last.Box(ctx, "a", wrapped)
	assert.ErrorIs(t, err, ErrCannotOpen, "wrapped under the retired key")
	box, err = last.Box(ctx, "a", rewrapped)
	require.NoError(t, err)
	plain, err := box.Open("provider/openai", sealed)
	require.NoError(t, err)
	assert.Equal(t, "sk-secret", string(plain))
}

func TestRotationStepsAreRepeatable(t *testing.T) {
	one := newKeyset(t)
	_, err := PromoteKey(one)
	assert.ErrorIs(t, err, ErrNothingToRotate)
	_, err = RetireKeys(one)
	assert.ErrorIs(t, err, ErrNothingToRotate)
	two, err := AddKey(one)
	require.NoError(t, err)
	_, err = AddKey(two)
	assert.ErrorIs(t, err, ErrNothingToRotate)
}

func TestABadKeysetIsNeverQuoted(t *testing.T) {
	for _, json := range []string{"", "{}", "sk-secret", `{"primaryKeyId":1,"key":[{"sk-secret":1}]}`} {
		_, err := ParseKeyset(json)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "sk-secret")
	}
}
