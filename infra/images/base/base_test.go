package base

import (
	"archive/tar"
	"crypto/x509"
	"errors"
	"io"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/stretchr/testify/require"
)

func TestTheBaseIsTheSameEveryTime(t *testing.T) {
	first, err := Index()
	require.NoError(t, err)
	second, err := Index()
	require.NoError(t, err)
	a, err := first.Digest()
	require.NoError(t, err)
	b, err := second.Digest()
	require.NoError(t, err)
	require.Equal(t, a, b)
}

func TestTheBaseHoldsAuthoritiesAndAUserAndNoProgram(t *testing.T) {
	index, err := Index()
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, len(Platforms))
	for _, m := range manifest.Manifests {
		image, err := index.Image(m.Digest)
		require.NoError(t, err)
		config, err := image.ConfigFile()
		require.NoError(t, err)
		require.Equal(t, "65532:65532", config.Config.User)
		require.Equal(t, m.Platform.Architecture, config.Architecture)
		look(t, image)
	}
}

func look(t *testing.T, image v1.Image) {
	r := tar.NewReader(mutate.Extract(image))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		if h.Typeflag == tar.TypeReg {
			require.Zero(t, h.Mode&0o111, h.Name)
		}
		if h.Name == authorities {
			raw, err := io.ReadAll(r)
			require.NoError(t, err)
			require.True(t, x509.NewCertPool().AppendCertsFromPEM(raw))
			require.Greater(t, len(raw), 100<<10)
		}
	}
}
