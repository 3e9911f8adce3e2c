package gotool

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/local/pin"
)

func TestAToolIsBuiltOnceAndAgainWhenItIsDamaged(t *testing.T) {
	bin := t.TempDir()
	var said []string
	ensure := func() string {
		path, err := Ensure(t.Context(), bin, pin.NATS, func(line string) { said = append(said, line) })
		require.NoError(t, err)
		return path
	}
	path := ensure()
	require.Len(t, said, 1)
	require.NotEmpty(t, built(path))
	ensure()
	require.Len(t, said, 1, "what stands is not built again")
	require.NoError(t, os.WriteFile(path, []byte("half"), 0o755))
	ensure()
	require.Len(t, said, 2)
	left, err := filepath.Glob(filepath.Join(bin, ".build-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAVersionThatDoesNotExistIsAnErrorAndLeavesNothing(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("GOPROXY", "off")
	_, err := Ensure(t.Context(), bin, pin.GoTool{Name: "no", Path: "example.invalid/no", Version: "v9.9.9"}, func(string) {})
	require.ErrorContains(t, err, "example.invalid/no")
	entries, err := os.ReadDir(bin)
	require.NoError(t, err)
	require.Empty(t, entries)
}
