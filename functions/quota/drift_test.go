package quota_test

import (
	"context"
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// drift moves what a counter of the ledger says was used behind its back: the
// second of its four numbers.
func (s *stand) drift(t *testing.T, counter string, by float64) {
	t.Helper()
	key := "{" + s.tenant + "}:l"
	text, err := s.Redis.HGet(t.Context(), key, counter).Bytes()
	require.NoError(t, err)
	used := math.Float64frombits(binary.LittleEndian.Uint64(text[8:]))
	binary.LittleEndian.PutUint64(text[8:], math.Float64bits(used+by))
	require.NoError(t, s.Redis.HSet(t.Context(), key, counter, text).Err())
}

func (*stand) arrived(all bool) func(context.Context) (bool, error) {
	return func(context.Context) (bool, error) { return all, nil }
}
