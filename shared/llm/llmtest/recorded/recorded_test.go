package recorded

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const cassette = `interactions:
- request: {body: '{"a":1}', url: https://one.test/v1/x}
  response: {body: '{"b":2}', code: 200}
- request: {body: '{}', url: https://two.test/v1/y}
  response: {body: "data: {}\n\n", code: 429}
`

func TestRecordingsAreReadInOrder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DCODER_DATA", dir)
	_, err := All()
	require.ErrorIs(t, err, ErrNone)

	require.NoError(t, os.MkdirAll(filepath.Join(dir, "cassettes", "some"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cassettes", "some", "first.yaml"), []byte(cassette), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cassettes", "notes.txt"), []byte("not a recording"), 0o600))
	all, err := All()
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "some/first", all[1].File)
	require.Equal(t, 1, all[1].Index)
	require.Equal(t, `{"a":1}`, all[0].Request.Body)
	require.False(t, all[0].Streamed())
	require.Equal(t, 429, all[1].Response.Code)
	require.True(t, all[1].Streamed())
	require.Len(t, Calls(t, To("two.test")), 1)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "cassettes", "bad.yaml"), []byte("\t"), 0o600))
	_, err = All()
	require.ErrorContains(t, err, "bad.yaml")
}

func TestDataStandsBesideTheRepository(t *testing.T) {
	t.Setenv("DCODER_DATA", "")
	repository, err := filepath.Abs(filepath.Join("..", "..", "..", ".."))
	require.NoError(t, err)
	require.Equal(t, filepath.Join(filepath.Dir(repository), "shared", "data"), Data())
}
