package housetest

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// eachFile calls visit for every Go file of the module, by its path within it.
func eachFile(t *testing.T, visit func(path string)) {
	t.Helper()
	for _, top := range []string{"functions", "workflows", "shared", "infra"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")):
				return fs.SkipDir
			case !d.IsDir() && strings.HasSuffix(path, ".go"):
				rel, err := filepath.Rel(root, path)
				visit(filepath.ToSlash(rel))
				return err
			}
			return nil
		})
		require.NoError(t, err)
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		found := false
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, p.dir(), name), nil, parser.PackageClauseOnly|parser.ParseComments)
			require.NoError(t, err)
			found = found || f.Doc != nil && strings.HasPrefix(f.Doc.Text(), want)
		}
		if !found {
			t.Errorf("%s has no comment that begins with %q", p.dir(), want)
		}
	}
}

func TestNoRoomHoldsEverything(t *testing.T) {
	banned := []string{"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "base"}
	for _, p := range packages(t) {
		for _, name := range banned {
			if p.Name == name || strings.Contains("/"+p.dir()+"/", "/"+name+"/") {
				t.Errorf("%s is named for nothing that it provides", p.dir())
			}
		}
	}
	const mostLines, mostMain = 600, 60
	eachFile(t, func(path string) {
		raw, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		lines := bytes.Count(raw, []byte("\n"))
		if lines > mostLines {
			t.Errorf("%s has %d lines: find the room that is missing", path, lines)
		}
		isMain := strings.HasPrefix(path, "functions/cmd/") || strings.HasPrefix(path, "workflows/cmd/")
		if isMain && strings.HasSuffix(path, "/main.go") && codeLines(raw) > mostMain {
			t.Errorf("%s has %d lines of code: a main is a list of ingredients", path, codeLines(raw))
		}
		if up(path) == "shared" {
			t.Errorf("%s lies in shared/ itself, not in a folder that says what it provides", path)
		}
	})
}

// codeLines counts lines that are neither blank nor comments.
func codeLines(raw []byte) (n int) {
	for _, line := range bytes.Split(raw, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 && !bytes.HasPrefix(line, []byte("//")) {
			n++
		}
	}
	return n
}
