package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/functions/catalog"
)

const root = "../../.."

func TestRenderedFilesAreFresh(t *testing.T) {
	all, err := files()
	require.NoError(t, err)
	for _, f := range all {
		on, err := os.ReadFile(filepath.Join(root, f.path))
		require.NoError(t, err, "make render")
		require.Equal(t, string(on), string(f.data), "%s is stale: make render", f.path)
	}
	stale, err := strangers(root, all)
	require.NoError(t, err)
	require.Empty(t, stale, "nothing renders these: make render")
}

func TestTheSecondRunWritesTheSameBytesAndRemovesStrangers(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, write(dir))
	first := snapshot(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, manifests, "gone.yaml"), []byte("x"), 0o644))
	require.NoError(t, write(dir))
	require.Equal(t, first, snapshot(t, dir))
	require.Len(t, first, len(catalog.All())+4)
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

// TestManifests: what every function must have, whatever it says of itself.
func TestManifests(t *testing.T) {
	all, err := files()
	require.NoError(t, err)
	for _, fn := range catalog.All() {
		var s service
		for _, f := range all {
			if f.path == manifests+"/"+fn.Name+".yaml" {
				require.NoError(t, yaml.UnmarshalStrict(f.data, &s))
			}
		}
		require.Equal(t, fn.Name, s.Metadata.Name)
		require.Equal(t, "cluster-local", s.Metadata.Labels["networking.knative.dev/visibility"])
		spec := s.Spec.Template.Spec
		require.False(t, spec.AutomountServiceAccountToken)
		require.Positive(t, spec.TimeoutSeconds)
		require.LessOrEqual(t, spec.TimeoutSeconds, 600)
		c := spec.Containers[0]
		require.Equal(t, "ko://github.com/d-coder-ai/dcoder/functions/cmd/"+fn.Name, c.Image)
		require.True(t, c.SecurityContext.RunAsNonRoot && c.SecurityContext.ReadOnlyRootFilesystem)
		require.Equal(t, []string{"ALL"}, c.SecurityContext.Capabilities["drop"])
		require.NotContains(t, c.Resources.Limits, "cpu")
		for _, v := range c.Env {
			require.NotEqual(t, "PORT", v.Name)
			require.NotEqual(t, v.ValueFrom.SecretKeyRef == nil, v.ValueFrom.ConfigMapKeyRef == nil, v.Name)
		}
		require.DirExists(t, filepath.Join(root, "functions/cmd", fn.Name), "the image of %s has no main", fn.Name)
	}
}
