package render_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/render"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
)

const root = "../.."

func TestRenderedFilesAreFresh(t *testing.T) {
	all, err := render.Files(root)
	require.NoError(t, err)
	for _, f := range all {
		on, err := os.ReadFile(filepath.Join(root, f.Path))
		require.NoError(t, err, "make render")
		require.Equal(t, string(on), string(f.Data), "%s is stale: make render", f.Path)
	}
	stale, err := render.Strangers(root, all)
	require.NoError(t, err)
	require.Empty(t, stale, "nothing renders these: make render")
}

// sources copies what is read from the repository into a folder of the test's.
func sources(t *testing.T) string {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, kubernetes.Environments), os.DirFS(filepath.Join(root, kubernetes.Environments))))
	return dir
}

func TestTheSecondRunWritesTheSameBytesAndRemovesStrangers(t *testing.T) {
	dir := sources(t)
	require.NoError(t, render.Write(dir))
	first := snapshot(t, dir)
	gone := filepath.Join(dir, kubernetes.Root, "overlays", "gone", "gone.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(gone), 0o755))
	require.NoError(t, os.WriteFile(gone, []byte("x"), 0o644))
	require.NoError(t, render.Write(dir))
	require.Equal(t, first, snapshot(t, dir))
	all, err := render.Files(dir)
	require.NoError(t, err)
	require.Greater(t, len(first), len(all))
}

func snapshot(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		out[path] = string(raw)
		return err
	}))
	return out
}

// TestASiloTenantIsRenderedByOneCommand: its own folder, and its host in the
// gateway's configuration; again without it, and nothing of it is left.
func TestASiloTenantIsRenderedByOneCommand(t *testing.T) {
	dir := sources(t)
	require.NoError(t, render.Write(dir))
	without := snapshot(t, dir)
	s := kubernetes.Silo{Tenant: "abcdefghijkl", Environment: "prod", Host: "own.example.com"}
	require.NoError(t, render.AddSilo(dir, s))
	require.NoError(t, render.AddSilo(dir, s), "again")
	require.NoError(t, render.Write(dir))
	require.FileExists(t, filepath.Join(dir, "knative/tenants/abcdefghijkl/chat.yaml"))
	require.FileExists(t, filepath.Join(dir, "knative/tenants/abcdefghijkl/database.sql"))
	kong, err := os.ReadFile(filepath.Join(dir, "infra/kong/kong.prod.yml"))
	require.NoError(t, err)
	require.Contains(t, string(kong), "http://chat.dcoder-abcdefghijkl.svc.cluster.local:80")
	require.Contains(t, string(kong), "- own.example.com")
	require.NotContains(t, string(kong), "http://tenants.dcoder-abcdefghijkl", "the platform's own function is shared")
	staging, err := os.ReadFile(filepath.Join(dir, "infra/kong/kong.staging.yml"))
	require.NoError(t, err)
	require.NotContains(t, string(staging), "own.example.com")
	require.NoError(t, os.Remove(filepath.Join(dir, kubernetes.Silos, "abcdefghijkl.yaml")))
	require.NoError(t, render.Write(dir))
	require.Equal(t, without, snapshot(t, dir))
	require.ErrorContains(t, render.AddSilo(dir, kubernetes.Silo{Tenant: "x", Host: "own.example.com"}), "no tenant's id")
}
