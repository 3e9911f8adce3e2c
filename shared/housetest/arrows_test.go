package housetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	root   = "../.."
	module = "github.com/d-coder-ai/dcoder/"
)

// pkg is what `go list` says about a package.
type pkg struct {
	ImportPath string
	Name       string
	GoFiles    []string
	Imports    []string // of what is built; tests may import what they like
}

// dir is the package's folder within the module.
func (p pkg) dir() string { return strings.TrimPrefix(p.ImportPath, module) }

func (p pkg) isTest() bool { return isTestDir(p.dir()) }

// isTestDir reports whether the folder, or one above it, is test support.
func isTestDir(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), func(s string) bool { return strings.HasSuffix(s, "test") })
}

var listed = sync.OnceValues(func() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,GoFiles,Imports", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, p)
	}
})

func packages(t testing.TB) []pkg {
	all, err := listed()
	require.NoError(t, err)
	require.Greater(t, len(all), 10)
	return all
}

func TestArrowsPointDown(t *testing.T) {
	f := readFloors(t)
	for _, p := range packages(t) {
		if p.isTest() {
			continue
		}
		for _, imported := range p.Imports {
			if !strings.HasPrefix(imported, module) {
				continue
			}
			if fault := f.fault(p.dir(), strings.TrimPrefix(imported, module)); fault != "" {
				t.Errorf("%s imports %s: %s", p.dir(), imported, fault)
			}
		}
	}
}

// fault says why one package may not import another, "" when it may.
func (f floors) fault(from, to string) string {
	if isTestDir(to) {
		return "test support, which only tests import"
	}
	a, fromEntry, ok := f.of(from)
	if !ok {
		return from + " stands on no floor of docs/architecture.md"
	}
	b, toEntry, ok := f.of(to)
	switch {
	case !ok:
		return to + " stands on no floor of docs/architecture.md"
	case fromEntry == toEntry || a == 5 || isListed(fromEntry, toEntry):
		return ""
	case b > a:
		return fmt.Sprintf("an arrow up, from floor %d to floor %d", a, b)
	case a == 4 && b == 3:
		return "doing names no technology"
	case a == b:
		return sibling(a, fromEntry, toEntry)
	}
	return ""
}

// isListed reports whether from is a visible list of what to is one of.
func isListed(from, to string) bool {
	lists := map[string]string{"functions/catalog": "functions/", "shared/llm/providers": "shared/llm/dialect/"}
	return lists[from] != "" && strings.HasPrefix(to, lists[from])
}

// sibling says whether one entry may know another of its own floor.
func sibling(floor int, from, to string) string {
	switch {
	case floor == 3 && strings.HasPrefix(from, "shared/llm/dialect/") && strings.HasPrefix(to, "shared/llm/dialect/"):
		return ""
	case floor != 2:
		return "a sibling: what two need moves down a floor"
	case to == "shared/auth" && (from == "shared/llm" || from == "shared/function"):
		return "it does not know who may call"
	case to == "shared/llm" && from == "shared/function":
		return "it does not know models"
	}
	return ""
}

func TestFaults(t *testing.T) {
	f := floors{
		"shared/dcoder": 0, "shared/sse": 1, "shared/token": 1, "shared/llm": 2, "shared/auth": 2, "shared/function": 2, "shared/telemetry": 2,
		"shared/postgres": 3, "shared/redis": 3, "shared/llm/dialect/*": 3, "functions/*": 4, "functions/catalog": 4, "functions/cmd/*": 5, "shared/llm/providers": 4,
	}
	for _, c := range []struct {
		from, to string
		good     bool
	}{
		{"shared/llm", "shared/sse", true},
		{"shared/sse", "shared/llm", false},
		{"shared/sse", "shared/token", false},
		{"shared/llm", "shared/auth", false},
		{"shared/function", "shared/llm", false},
		{"shared/auth", "shared/llm", true},
		{"shared/function", "shared/telemetry", true},
		{"shared/postgres", "shared/redis", false},
		{"shared/postgres/provision", "shared/postgres", true},
		{"shared/llm/dialect/groq", "shared/llm/dialect/openai", true},
		{"shared/postgres", "shared/auth", true},
		{"shared/auth", "shared/postgres", false},
		{"functions/chat", "shared/llm", true},
		{"functions/chat", "shared/redis", false},
		{"functions/chat", "functions/usage", false},
		{"functions/catalog", "functions/usage", true},
		{"functions/cmd/chat", "shared/redis", true},
		{"functions/cmd/chat", "functions/cmd/wiring", true},
		{"shared/llm/providers", "shared/llm/dialect/openai", true},
		{"shared/llm/providers", "shared/redis", false},
		{"functions/chat", "functions/cmd/chat", false},
		{"shared/redis", "shared/stacktest", false},
		{"shared/redis", "shared/nowhere", false},
	} {
		require.Equal(t, c.good, f.fault(c.from, c.to) == "", "%s imports %s: %s", c.from, c.to, f.fault(c.from, c.to))
	}
}

// foreign is what the floors below technology may link beside the standard
// library; above floor 2 the arrows decide.
var foreign = map[string][]string{
	"shared/function":    {"github.com/danielgtaylor/huma/v2"},
	"shared/secret":      {"github.com/tink-crypto/tink-go/v2"},
	"shared/label":       {"golang.org/x/text/unicode/norm"},
	"shared/dispatch":    {"golang.org/x/sync"},
	"shared/auth":        {"golang.org/x/sync"},
	"shared/llm":         {"golang.org/x/sync"},
	"shared/token/exact": {"github.com/pkoukk/tiktoken-go-loader"}, // vocabularies
	"workflows":          {"go.temporal.io/sdk", "go.temporal.io/api"},
}

func TestWordsPartsSubjectsAndDoingNameNoTechnology(t *testing.T) {
	f := readFloors(t)
	for _, p := range packages(t) {
		floor, _, ok := f.of(p.dir())
		if p.isTest() || !ok || floor == 3 || floor == 5 {
			continue
		}
		for _, imported := range p.Imports {
			if isForeign(imported) && !allowed(p.dir(), imported) {
				t.Errorf("%s, on floor %d, imports %s", p.dir(), floor, imported)
			}
			if floor <= 1 && slices.Contains([]string{"os", "net", "os/exec", "database/sql"}, imported) {
				t.Errorf("%s, on floor %d, is pure and imports %s", p.dir(), floor, imported)
			}
		}
	}
}

// isForeign reports whether an import path belongs to another module: its first
// part is a host.
func isForeign(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".") && !strings.HasPrefix(imported, module)
}

func allowed(dir, imported string) bool {
	for at := dir; at != ""; at = up(at) {
		for _, m := range foreign[at] {
			if imported == m || strings.HasPrefix(imported, m+"/") {
				return true
			}
		}
	}
	return false
}
