package leftover

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFolderThatIsStillWrittenToIsRemovedWhenTheWriterEnds(t *testing.T) {
	dir := t.TempDir()
	tree := filepath.Join(dir, "data.next-1", "deep")
	require.NoError(t, os.MkdirAll(tree, 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "data"), 0o755))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := range 20_000 {
			_ = os.MkdirAll(tree, 0o755)
			_ = os.WriteFile(filepath.Join(tree, strconv.Itoa(i)), nil, 0o600)
		}
		_ = os.RemoveAll(filepath.Join(dir, "data.next-1"))
	}()
	require.NoError(t, Remove(t.Context(), filepath.Join(dir, "data.next-*")))
	<-ended
	require.NoError(t, Remove(t.Context(), filepath.Join(dir, "data.next-*")))
	require.NoDirExists(t, filepath.Join(dir, "data.next-1"))
	require.DirExists(t, filepath.Join(dir, "data"), "what the pattern does not name stays")
}

func TestAPatternThatIsWrongIsSaid(t *testing.T) {
	require.Error(t, Remove(t.Context(), "["))
}

func TestRemovingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := remove(ctx, t.TempDir()+"/.") // which os.RemoveAll always refuses
	require.Error(t, err, "what cannot be removed is an error, not a loop")
}
