package housetest

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// floors maps a folder, or a pattern that ends in /*, to its floor.
type floors map[string]int

var (
	row    = regexp.MustCompile(`(?m)^\| (\d) \w+ \| ([^|]+) \|`)
	quoted = regexp.MustCompile("`([^`]+)`")
)

// readFloors reads the table of docs/architecture.md. Names without a top folder
// stand in shared/.
func readFloors(t testing.TB) floors {
	raw, err := os.ReadFile(root + "/docs/architecture.md")
	require.NoError(t, err)
	f := floors{}
	for _, m := range row.FindAllStringSubmatch(string(raw), -1) {
		floor, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		for _, name := range quoted.FindAllStringSubmatch(m[2], -1) {
			f[inTree(name[1])] = floor
		}
	}
	require.GreaterOrEqual(t, len(f), 30, "the table of floors was not found")
	return f
}

func inTree(name string) string {
	for _, top := range []string{"functions", "workflows", "infra", "shared"} {
		if strings.HasPrefix(name, top+"/") {
			return name
		}
	}
	return "shared/" + name
}

// of returns the floor of a folder and the entry that says so: the folder
// itself, or the nearest folder above it that the table names.
func (f floors) of(dir string) (floor int, entry string, ok bool) {
	for at := dir; at != ""; at = up(at) {
		if floor, ok := f[at]; ok {
			return floor, at, true
		}
		if floor, ok := f[up(at)+"/*"]; ok {
			return floor, at, true
		}
	}
	return 0, "", false
}

func up(dir string) string {
	i := strings.LastIndexByte(dir, '/')
	if i < 0 {
		return ""
	}
	return dir[:i]
}

func TestFloors(t *testing.T) {
	f := floors{"shared/llm": 2, "shared/llm/dialect/*": 3, "functions/*": 4, "functions/cmd/*": 5}
	for dir, want := range map[string]struct {
		floor int
		entry string
	}{
		"shared/llm": {2, "shared/llm"}, "shared/llm/tool": {2, "shared/llm"}, "shared/llm/dialect/openai": {3, "shared/llm/dialect/openai"},
		"functions/chat": {4, "functions/chat"}, "functions/chat/deep": {4, "functions/chat"}, "functions/cmd/chat": {5, "functions/cmd/chat"},
	} {
		floor, entry, ok := f.of(dir)
		require.True(t, ok, dir)
		require.Equal(t, want.floor, floor, dir)
		require.Equal(t, want.entry, entry, dir)
	}
	_, _, ok := f.of("shared/other")
	require.False(t, ok)
}
