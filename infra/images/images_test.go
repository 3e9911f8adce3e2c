package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/images/base"
)

func TestWithoutARegistryThereIsOneAndTheBaseIsInIt(t *testing.T) {
	s, err := open(options{out: t.TempDir()})
	require.NoError(t, err)
	defer s.close()
	ref, err := name.NewDigest(s.base)
	require.NoError(t, err)
	index, err := remote.Index(ref)
	require.NoError(t, err)
	sizes, err := sizesOf(index)
	require.NoError(t, err)
	require.Len(t, sizes, 2)
	for platform, size := range sizes {
		require.Less(t, size, int64(300e3), platform)
	}
	again, err := pushBase(s.repo)
	require.NoError(t, err)
	require.Equal(t, s.base, again)
}

func TestABaseWithoutADigestIsRefused(t *testing.T) {
	_, err := open(options{repo: "127.0.0.1:1/x", base: "example.com/base:latest"})
	require.ErrorContains(t, err, "by digest")
}

func TestAnIndexWithoutBothPlatformsIsRefused(t *testing.T) {
	_, err := sizesOf(empty.Index)
	require.ErrorContains(t, err, "0 platforms")
}

func TestDeployablesAreThoseWithAMain(t *testing.T) {
	t.Chdir("../..")
	all, err := deployables(nil)
	require.NoError(t, err)
	require.Contains(t, all, "functions/cmd/chat")
	require.Contains(t, all, "workflows/cmd/worker")
	require.NotContains(t, all, "functions/cmd/dev")
	require.NotContains(t, all, "functions/cmd/render")
	_, err = deployables([]string{"nobody"})
	require.ErrorContains(t, err, "nobody")
}

func TestSigning(t *testing.T) {
	o := options{out: t.TempDir()}
	t.Setenv("COSIGN_KEY", "")
	require.NoError(t, sign(t.Context(), o), "skipped, loudly")
	t.Setenv("COSIGN_KEY", "key")
	require.ErrorContains(t, sign(t.Context(), o), "make images")
	require.NoError(t, os.WriteFile(filepath.Join(o.out, "references.txt"), []byte("127.0.0.1:1/dcoder/chat@sha256:0\n"), 0o600))
	require.ErrorContains(t, sign(t.Context(), o), "loopback")
	require.Equal(t, "65532:65532", base.User)
}
