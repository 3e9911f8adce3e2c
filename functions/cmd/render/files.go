package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/d-coder-ai/dcoder/functions/catalog"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// manifests is the folder of which every file is rendered.
const manifests = "knative/base"

// file is one rendered file.
type file struct {
	path string // within the repository
	data []byte
}

// files renders everything, in the order of the catalog.
func files() ([]file, error) {
	funcs := catalog.All()
	out := []file{
		{"docs/configuration.md", config.Doc(settings.All()...)},
		{"docs/routes.md", routes(funcs)},
	}
	document, err := function.OpenAPI(funcs...)
	if err != nil {
		return nil, err
	}
	out = append(out, file{"docs/openapi.json", append(document, '\n')})
	services, err := knative(funcs, settings.All())
	if err != nil {
		return nil, err
	}
	return append(out, services...), nil
}

// write renders into root, and removes manifests of functions that are no more.
func write(root string) error {
	all, err := files()
	if err != nil {
		return err
	}
	stale, err := strangers(root, all)
	if err != nil {
		return err
	}
	for _, path := range stale {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove what is no more: %w", err)
		}
	}
	for _, f := range all {
		path := filepath.Join(root, f.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make the folder of %s: %w", f.path, err)
		}
		if err := os.WriteFile(path, f.data, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", f.path, err)
		}
	}
	return nil
}

// strangers lists files among the manifests that nothing renders.
func strangers(root string, all []file) (out []string, err error) {
	on, err := filepath.Glob(filepath.Join(root, manifests, "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range on {
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(f file) bool { return f.path == filepath.ToSlash(rel) }) {
			out = append(out, path)
		}
	}
	return out, nil
}
