package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// module is one that a deployable links.
type module struct {
	Path string
	Dir  string
	Main bool
}

// linked lists the modules behind each program, by package, also those that a build
// for AWS Lambda adds. One call answers for all: each costs seconds.
func linked(root string, programs []string, tags string) (map[string][]module, error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-tags", tags, "-json=ImportPath,Deps,Module"}, programs...)...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list what the programs link: %w", err)
	}
	of, deps := map[string]module{}, map[string][]string{}
	for d := json.NewDecoder(bytes.NewReader(raw)); ; {
		var p struct {
			ImportPath string
			Deps       []string
			Module     *module
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module != nil && !p.Module.Main {
			of[p.ImportPath] = *p.Module
		}
		deps[p.ImportPath] = p.Deps
	}
	out := map[string][]module{}
	for _, program := range programs {
		path := ours + strings.TrimPrefix(program, "./")
		if _, listed := deps[path]; !listed {
			return nil, fmt.Errorf("go list did not list %s", path)
		}
		out[program] = modulesOf(deps[path], of)
	}
	return out, nil
}

// ours is what import paths of this module begin with.
const ours = "github.com/d-coder-ai/dcoder/"

func modulesOf(packages []string, of map[string]module) (out []module) {
	seen := map[string]bool{}
	for _, p := range packages {
		if m, foreign := of[p]; foreign && !seen[m.Path] {
			seen[m.Path] = true
			out = append(out, m)
		}
	}
	return out
}

// deployables lists the programs' packages by name.
func deployables(root string) (map[string]string, error) {
	mains, err := filepath.Glob(filepath.Join(root, "*/cmd/*/main.go"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, m := range mains {
		rel, err := filepath.Rel(root, filepath.Dir(m))
		if err != nil {
			return nil, err
		}
		if name := filepath.Base(rel); name != "dev" && name != "render" {
			out[name] = "./" + filepath.ToSlash(rel)
		}
	}
	return out, nil
}

// licenceOf reads a module's licence files.
func licenceOf(m module) (name, text string, err error) {
	files, err := os.ReadDir(m.Dir)
	if err != nil {
		return "", "", fmt.Errorf("read the folder of %s: %w", m.Path, err)
	}
	var names []string
	for _, f := range files {
		if f.IsDir() || !isLicence(f.Name()) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(m.Dir, f.Name()))
		if err != nil {
			return "", "", err
		}
		text += string(raw) + "\n"
		if n := recognise(string(raw)); !strings.HasPrefix(strings.ToUpper(f.Name()), "NOTICE") && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return unknown, text, nil
	}
	return strings.Join(names, " AND "), text, nil
}

func isLicence(file string) bool {
	upper := strings.ToUpper(file)
	for _, prefix := range []string{"LICENSE", "LICENCE", "COPYING", "NOTICE"} {
		if strings.HasPrefix(upper, prefix) && !strings.HasSuffix(upper, ".GO") {
			return true
		}
	}
	return false
}
