package function_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

type position struct {
	At int64  `json:"a"`
	ID string `json:"i"`
}

func TestCursorRoundTripAndTampering(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := position{rapid.Int64().Draw(t, "at"), rapid.String().Draw(t, "id")}
		raw, err := json.Marshal(p.ID) // what JSON cannot hold is replaced before
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &p.ID))
		cursor := function.EncodeCursor(p)
		got, err := function.DecodeCursor[position](cursor)
		require.NoError(t, err)
		require.Equal(t, p, got)

		i := rapid.IntRange(0, len(cursor)-1).Draw(t, "place")
		b := rapid.SampledFrom([]byte("ABCXYZabcxyz0189-_=. ")).Draw(t, "byte")
		if cursor[i] == b {
			return
		}
		_, err = function.DecodeCursor[position](cursor[:i] + string(b) + cursor[i+1:])
		require.Error(t, err)
		require.Equal(t, "cursor", dcoder.AsError(err).Field)
		require.Equal(t, 400, dcoder.AsError(err).Status)
	})
}

func TestCursorOfAnotherList(t *testing.T) {
	_, err := function.DecodeCursor[position](function.EncodeCursor(struct{ Other int }{1}))
	require.Equal(t, "cursor", dcoder.AsError(err).Field)
	zero, err := function.DecodeCursor[position]("")
	require.NoError(t, err)
	require.Zero(t, zero)
}

func FuzzDecodeCursor(f *testing.F) {
	f.Add(function.EncodeCursor(position{1, "x"}))
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := function.DecodeCursor[position](cursor)
		if err != nil && (dcoder.AsError(err).Field != "cursor" || p != position{}) {
			t.Fatal(err, p)
		}
	})
}
