package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/d-coder-ai/dcoder/infra/images/base"
	"github.com/d-coder-ai/dcoder/infra/images/loopback"
)

var keychain = authn.DefaultKeychain

// build builds the deployables and prints what they weigh.
func build(ctx context.Context, o options, names []string) error {
	folders, err := deployables(names)
	if err != nil {
		return err
	}
	s, err := open(o)
	if err != nil {
		return err
	}
	defer s.close()
	fmt.Println("base", s.base)
	refs, err := s.images(ctx, o, ".", filepath.Join(o.out, "sbom"), folders)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.out, "references.txt"), []byte(strings.Join(refs, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	return weigh(refs)
}

// goal is the largest compressed image, bytes.
func goal(function string) int64 {
	if function == "chat" {
		return 8e6
	}
	return 12e6
}

// weigh prints the compressed size of every image beside its goal, and refuses
// those that are not as all must be.
func weigh(refs []string) error {
	fmt.Printf("%-12s %10s %10s %8s  %s\n", "image", "amd64, MB", "arm64, MB", "goal, MB", "digest")
	for _, ref := range refs {
		d, err := name.NewDigest(ref)
		if err != nil {
			return err
		}
		index, err := remote.Index(d, remote.WithAuthFromKeychain(keychain))
		if err != nil {
			return fmt.Errorf("read %s: %w", ref, err)
		}
		sizes, err := sizesOf(index)
		if err != nil {
			return fmt.Errorf("%s: %w", ref, err)
		}
		function := filepath.Base(d.RepositoryStr())
		note := ""
		if max(sizes["amd64"], sizes["arm64"]) > goal(function) {
			note = "  ABOVE ITS GOAL"
		}
		fmt.Printf("%-12s %10.2f %10.2f %8.0f  %s%s\n", function, float64(sizes["amd64"])/1e6, float64(sizes["arm64"])/1e6, float64(goal(function))/1e6, d.DigestStr(), note)
	}
	return nil
}

// sizesOf adds up config and layers of each platform's image.
func sizesOf(index v1.ImageIndex) (map[string]int64, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, m := range manifest.Manifests {
		image, err := index.Image(m.Digest)
		if err != nil {
			return nil, err
		}
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		if config.Config.User != base.User {
			return nil, fmt.Errorf("it runs as %q, not as %s", config.Config.User, base.User)
		}
		of, err := image.Manifest()
		if err != nil {
			return nil, err
		}
		size := of.Config.Size
		for _, l := range of.Layers {
			size += l.Size
		}
		out[config.Architecture] = size
	}
	if len(out) != len(base.Platforms) {
		return nil, fmt.Errorf("it has %d platforms, not %d", len(out), len(base.Platforms))
	}
	return out, nil
}

// serve keeps the registry of earlier builds up until it is interrupted.
func serve(ctx context.Context, o options, args []string) error {
	address := "127.0.0.1:5001"
	if len(args) > 0 {
		address = args[0]
	}
	r, err := loopback.Start(address, o.out)
	if err != nil {
		return err
	}
	defer r.Close()
	fmt.Println("a registry at", r.Address, "- build into it with -repo", r.Address+"/dcoder")
	<-ctx.Done()
	return nil
}
