package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// pack is what `go list -json` says of a package.
type pack struct {
	ImportPath   string
	Dir          string
	Module       struct{ Dir string }
	Deps         []string // all that it links, however far
	TestImports  []string
	XTestImports []string
}

// folder is the package's folder relative to the module, with slashes; "." is the root.
func (p pack) folder() string {
	relative, err := filepath.Rel(p.Module.Dir, p.Dir)
	if err != nil {
		return p.Dir
	}
	return filepath.ToSlash(relative)
}

func list(ctx context.Context) ([]pack, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-json=ImportPath,Dir,Module,Deps,TestImports,XTestImports", "./...")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var packages []pack
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pack
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading go list: %w", err)
		}
		packages = append(packages, p)
	}
}

// watchers are the packages whose tests read files outside their own folder: a change below the key reaches them.
var watchers = map[string]string{
	"infra/compose.yaml": "infra/local/compose",
	"knative":            "functions/cmd/render",
	"docs":               "shared/housetest",
}

// reached are the import paths, sorted, of the packages that a change of the files reaches.
func reached(packages []pack, files []string) []string {
	direct := map[string]bool{}
	for _, file := range files {
		if file == "go.mod" || file == "go.sum" {
			return all(packages)
		}
		for _, p := range packages {
			direct[p.ImportPath] = direct[p.ImportPath] || owns(packages, p, file) || watches(p, file)
		}
	}
	built := func(p pack) bool { return direct[p.ImportPath] || slices.ContainsFunc(p.Deps, yes(direct)) }
	linked := map[string]bool{}
	for _, p := range packages {
		linked[p.ImportPath] = built(p)
	}
	var paths []string
	for _, p := range packages {
		if linked[p.ImportPath] || slices.ContainsFunc(p.TestImports, yes(linked)) || slices.ContainsFunc(p.XTestImports, yes(linked)) {
			paths = append(paths, p.ImportPath)
		}
	}
	slices.Sort(paths)
	return paths
}

func yes(set map[string]bool) func(string) bool { return func(name string) bool { return set[name] } }

// owns reports whether the file's nearest package, upwards from its folder, is p: testdata and embedded files count
// as their package's.
func owns(packages []pack, p pack, file string) bool {
	for folder := path.Dir(file); folder != "."; folder = path.Dir(folder) {
		at := slices.IndexFunc(packages, func(q pack) bool { return q.folder() == folder })
		if at >= 0 {
			return packages[at].ImportPath == p.ImportPath
		}
	}
	return false
}

func watches(p pack, file string) bool {
	for below, folder := range watchers {
		if p.folder() == folder && (file == below || strings.HasPrefix(file, below+"/")) {
			return true
		}
	}
	return p.folder() == "shared/housetest" && strings.HasSuffix(file, ".go")
}

func all(packages []pack) []string {
	var paths []string
	for _, p := range packages {
		paths = append(paths, p.ImportPath)
	}
	slices.Sort(paths)
	return paths
}
