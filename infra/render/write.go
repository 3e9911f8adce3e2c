package render

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// Write renders into the repository at root, and removes manifests that nothing
// renders any more.
func Write(root string) error {
	all, err := Files(root)
	if err != nil {
		return err
	}
	stale, err := Strangers(root, all)
	if err != nil {
		return err
	}
	for _, path := range stale {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove what is no more: %w", err)
		}
	}
	for _, f := range all {
		path := filepath.Join(root, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make the folder of %s: %w", f.Path, err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
	}
	return nil
}

// Strangers lists files among the manifests that nothing renders.
func Strangers(root string, all []manifest.File) (out []string, err error) {
	known := map[string]bool{}
	for _, f := range all {
		known[filepath.Join(root, filepath.FromSlash(f.Path))] = true
	}
	top := filepath.Join(root, kubernetes.Root)
	if _, err := os.Stat(top); os.IsNotExist(err) {
		return nil, nil
	}
	err = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !known[path] {
			out = append(out, path)
		}
		return err
	})
	return out, err
}
