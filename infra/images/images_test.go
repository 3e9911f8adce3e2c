package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
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
	again, err := pushBase(s.local)
	require.NoError(t, err)
	require.Equal(t, s.base, again)
}

// TestAnImageIsTheSameWhereverItWasBuilt: ko names the base's registry in it.
func TestAnImageIsTheSameWhereverItWasBuilt(t *testing.T) {
	digests := map[string]bool{}
	for range 2 {
		s, err := open(options{out: t.TempDir()})
		require.NoError(t, err)
		defer s.close()
		index, err := base.Index()
		require.NoError(t, err)
		named := mutate.Annotations(index, map[string]string{baseName: s.base, baseDigest: s.local, "kept": "yes"}).(v1.ImageIndex)
		repo, err := name.NewRepository(s.local + "/one")
		require.NoError(t, err)
		require.NoError(t, remote.WriteIndex(repo.Tag("latest"), named))
		from := indexDigest(t, named)
		manifest, err := named.IndexManifest()
		require.NoError(t, err)
		for _, d := range []string{from, manifest.Manifests[0].Digest.String(), manifest.Manifests[1].Digest.String()} {
			attach(t, repo, d)
		}
		to, err := name.NewRepository(s.repo + "/one")
		require.NoError(t, err)
		moved, err := s.shrink.move(repo.Digest(from), to)
		require.NoError(t, err)
		ref, err := name.NewDigest(moved)
		require.NoError(t, err)
		digests[ref.DigestStr()] = true
		got, err := remote.Index(ref)
		require.NoError(t, err)
		after, err := got.IndexManifest()
		require.NoError(t, err)
		require.Equal(t, map[string]string{"kept": "yes"}, after.Annotations)
		require.Equal(t, "amd64", after.Manifests[0].Platform.Architecture)
		sbom, err := remote.Image(to.Tag(strings.Replace(ref.DigestStr(), ":", "-", 1) + ".sbom"))
		require.NoError(t, err)
		layers, err := sbom.Layers()
		require.NoError(t, err)
		in, err := layers[0].Uncompressed()
		require.NoError(t, err)
		raw, err := io.ReadAll(in)
		require.NoError(t, err)
		require.Equal(t, "of "+ref.DigestStr(), string(raw), "the SBOM speaks of the image that it is attached to")
	}
	require.Len(t, digests, 1)
}

func indexDigest(t *testing.T, index v1.ImageIndex) string {
	d, err := index.Digest()
	require.NoError(t, err)
	return d.String()
}

func attach(t *testing.T, repo name.Repository, digest string) {
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer([]byte("of "+digest), "text/spdx+json"))
	require.NoError(t, err)
	require.NoError(t, remote.Write(repo.Tag(strings.Replace(digest, ":", "-", 1)+".sbom"), image))
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
