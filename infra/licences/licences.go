package main

import (
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

// linked lists the modules behind a program, also those that a build for AWS
// Lambda adds.
func linked(root, pkg, tags string) ([]module, error) {
	cmd := exec.Command("go", "list", "-deps", "-tags", tags, "-json=Module", pkg)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list what %s links: %w", pkg, err)
	}
	seen := map[string]module{}
	for d := json.NewDecoder(strings.NewReader(string(raw))); ; {
		var p struct{ Module *module }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module != nil && !p.Module.Main {
			seen[p.Module.Path] = *p.Module
		}
	}
	var out []module
	for _, m := range seen {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
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
