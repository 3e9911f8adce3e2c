package housetest

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write infra/deps anew")

// TestModulesThatEachDeployableLinks compares what a deployable links with the
// list in infra/deps, so that a dependency that slows a cold start appears as a
// diff. Write the lists anew with: go test ./shared/housetest -update
func TestModulesThatEachDeployableLinks(t *testing.T) {
	lists := filepath.Join(root, "infra", "deps")
	wanted := map[string]bool{}
	t.Run("deployables", func(t *testing.T) {
		for _, p := range packages(t) {
			name, isMain := deployable(p)
			if !isMain {
				continue
			}
			wanted[name+".txt"] = true
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				compareList(t, filepath.Join(lists, name+".txt"), linked(t, p.ImportPath))
			})
		}
	})
	files, err := os.ReadDir(lists)
	require.NoError(t, err)
	for _, f := range files {
		if !wanted[f.Name()] {
			t.Errorf("infra/deps/%s is the list of no deployable", f.Name())
		}
	}
}

func compareList(t *testing.T, path, got string) {
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./shared/housetest -update writes it")
	require.Equal(t, string(want), got, "go test ./shared/housetest -update writes the list anew")
}

// deployable names a main package of functions/cmd and workflows/cmd. Those that
// serve nobody in production have no list.
func deployable(p pkg) (name string, ok bool) {
	dir := p.dir()
	if p.Name != "main" || slices.Contains([]string{"functions/cmd/dev", "functions/cmd/render"}, dir) {
		return "", false
	}
	if name, ok = strings.CutPrefix(dir, "functions/cmd/"); ok {
		return name, true
	}
	return strings.CutPrefix(dir, "workflows/cmd/")
}

// linked lists the modules behind a package's dependencies, without versions:
// those stand in go.mod.
func linked(t *testing.T, importPath string) string {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", importPath)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	require.NoError(t, err)
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	return strings.Join(slices.Compact(modules), "\n") + "\n"
}
