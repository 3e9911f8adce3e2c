// Package nodepkg installs exactly what a package-lock.json names, once: with npm where there is one, and by itself
// where only node is, as Debian's npm brings 400 packages. It runs no scripts of packages, resolves nothing and
// builds nothing.
package nodepkg

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
)

// locked is one package of a lock file.
type locked struct {
	folder    string // node_modules/..., slashes
	Version   string `json:"version"`
	Resolved  string `json:"resolved"`  // the archive's address; may be left out
	Integrity string `json:"integrity"` // sha512-<base64>
}

// readLock reads the packages of a lock file of version 2 or 3, in the order of their folders.
func readLock(file string) ([]locked, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var lock struct {
		Version  int               `json:"lockfileVersion"`
		Packages map[string]locked `json:"packages"`
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if lock.Version < 2 {
		return nil, fmt.Errorf("%s has lock file version %d: 2 or 3 is needed", file, lock.Version)
	}
	var packages []locked
	for folder, p := range lock.Packages {
		if folder == "" { // the project itself
			continue
		}
		p.folder = folder
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		packages = append(packages, p)
	}
	slices.SortFunc(packages, func(a, b locked) int { return strings.Compare(a.folder, b.folder) })
	return packages, nil
}

func (p locked) check() error {
	switch {
	case !strings.HasPrefix(p.folder, "node_modules/") || path.Clean(p.folder) != p.folder:
		return fmt.Errorf("%q is no folder of a package", p.folder)
	case !strings.HasPrefix(p.Integrity, "sha512-"):
		return fmt.Errorf("%s has no sha512", p.folder)
	case p.Version == "":
		return fmt.Errorf("%s has no version", p.folder)
	}
	return nil
}

// name is the package's name, with its scope.
func (p locked) name() string {
	at := strings.LastIndex(p.folder, "node_modules/")
	return p.folder[at+len("node_modules/"):]
}

// address is where the archive is: as the lock file says, else where registries keep it.
func (p locked) address(registry string) string {
	if p.Resolved != "" {
		return p.Resolved
	}
	return fmt.Sprintf("%s/%s/-/%s-%s.tgz", strings.TrimRight(registry, "/"), p.name(), path.Base(p.name()), p.Version)
}
