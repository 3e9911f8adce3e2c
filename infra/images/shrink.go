package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/google/go-containerregistry/pkg/compression"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Annotations of ko's. The first names the base's registry: with it the same image in
// two registries would have two digests. The second stays with the image of a platform;
// with the index of all it is the digest of something that ko made of the base's own
// index, and of that registry's name again.
const (
	baseName   = "org.opencontainers.image.base.name"
	baseDigest = "org.opencontainers.image.base.digest"
)

// zstdLevel is the densest that the library knows; reading costs the same.
const zstdLevel = 19

// shrink writes images that ko made anew: layers in zstd, which are a fifth smaller
// than ko's fast gzip, and no trace of where they were built. Contents and
// configuration stay.
type shrink struct {
	layers map[v1.Hash]v1.Layer // by the digest of their contents
	said   map[string]string    // new digests by old ones, as they stand in SBOMs
}

func newShrink() *shrink {
	return &shrink{layers: map[v1.Hash]v1.Layer{}, said: map[string]string{}}
}

// move copies an image of ko's from one place to another, with its SBOMs.
func (s *shrink) move(from name.Digest, to name.Repository) (string, error) {
	old, err := remote.Index(from, remote.WithAuthFromKeychain(keychain))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", from, err)
	}
	index, err := s.index(old)
	if err != nil {
		return "", fmt.Errorf("shrink %s: %w", from, err)
	}
	digest, err := index.Digest()
	if err != nil {
		return "", err
	}
	s.said[from.DigestStr()] = digest.String()
	if err := remote.WriteIndex(to.Tag("latest"), index, remote.WithAuthFromKeychain(keychain)); err != nil {
		return "", fmt.Errorf("push %s: %w", to, err)
	}
	manifest, err := old.IndexManifest()
	if err != nil {
		return "", err
	}
	digests := []string{from.DigestStr()}
	for _, m := range manifest.Manifests {
		digests = append(digests, m.Digest.String())
	}
	for _, d := range digests {
		if err := s.sbom(from.Context(), to, d); err != nil {
			return "", fmt.Errorf("the SBOM of %s: %w", from, err)
		}
	}
	return to.Digest(digest.String()).String(), nil
}

func (s *shrink) index(old v1.ImageIndex) (v1.ImageIndex, error) {
	manifest, err := old.IndexManifest()
	if err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, m := range manifest.Manifests {
		before, err := old.Image(m.Digest)
		if err != nil {
			return nil, err
		}
		image, err := s.image(before)
		if err != nil {
			return nil, err
		}
		digest, err := image.Digest()
		if err != nil {
			return nil, err
		}
		s.said[m.Digest.String()] = digest.String()
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: m.Platform}})
	}
	return mutate.Annotations(index, without(manifest.Annotations, baseName, baseDigest)).(v1.ImageIndex), nil
}

func (s *shrink) image(before v1.Image) (v1.Image, error) {
	config, err := before.ConfigFile()
	if err != nil {
		return nil, err
	}
	manifest, err := before.Manifest()
	if err != nil {
		return nil, err
	}
	layers, err := before.Layers()
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, l := range layers {
		smaller, err := s.layer(l)
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, smaller); err != nil {
			return nil, err
		}
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, err
	}
	return mutate.Annotations(image, without(manifest.Annotations, baseName)).(v1.Image), nil
}

func (s *shrink) layer(l v1.Layer) (v1.Layer, error) {
	contents, err := l.DiffID()
	if err != nil {
		return nil, err
	}
	if done := s.layers[contents]; done != nil {
		return done, nil
	}
	out, err := tarball.LayerFromOpener(l.Uncompressed, tarball.WithCompression(compression.ZStd), tarball.WithCompressionLevel(zstdLevel),
		tarball.WithCompressedCaching, tarball.WithMediaType(types.OCILayerZStd))
	if err == nil {
		s.layers[contents] = out
	}
	return out, err
}

func without(annotations map[string]string, names ...string) map[string]string {
	out := maps.Clone(annotations)
	for _, n := range names {
		delete(out, n)
	}
	return out
}

// sbom copies what ko attached to an image, under the image's new digest.
func (s *shrink) sbom(from, to name.Repository, old string) error {
	attached := func(digest string) string { return strings.Replace(digest, ":", "-", 1) + ".sbom" }
	image, err := remote.Image(from.Tag(attached(old)), remote.WithAuthFromKeychain(keychain))
	if err != nil {
		return err
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		return fmt.Errorf("%d layers: %w", len(layers), err)
	}
	kind, err := layers[0].MediaType()
	if err != nil {
		return err
	}
	in, err := layers[0].Uncompressed()
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	out, err := mutate.AppendLayers(base, static.NewLayer(s.renamed(raw), kind))
	if err != nil {
		return err
	}
	return remote.Write(to.Tag(attached(s.said[old])), out, remote.WithAuthFromKeychain(keychain))
}

// renamed replaces old digests in a text by new ones.
func (s *shrink) renamed(raw []byte) []byte {
	for before, after := range s.said {
		_, a, _ := strings.Cut(before, ":")
		_, b, _ := strings.Cut(after, ":")
		raw = bytes.ReplaceAll(raw, []byte(a), []byte(b))
	}
	return raw
}
