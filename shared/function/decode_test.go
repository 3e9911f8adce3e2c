package function_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func decode[T any](t testing.TB, raw []byte) (out T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(raw, &out), string(raw))
	return out
}
