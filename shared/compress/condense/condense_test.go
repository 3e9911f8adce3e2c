package condense_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/compress/condense"
)

// TestForms reads testdata/<form>_<case>.txt, a text and what becomes of it, with a
// line of === between; a new case is a new file.
func TestForms(t *testing.T) {
	forms := map[string]func(string) string{
		"log": condense.Log, "trace": condense.Trace, "diff": condense.Diff, "minify": condense.Minify, "members": condense.Members,
	}
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), len(forms))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		text, want, ok := strings.Cut(string(raw), "===\n")
		require.True(t, ok, file)
		form, _, _ := strings.Cut(filepath.Base(file), "_")
		require.Equal(t, want, forms[form](text), file)
	}
}

// TestEveryAlarmingLineStays writes logs of any mixture.
func TestEveryAlarmingLineStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []string
		for i := range rapid.IntRange(1, 200).Draw(t, "lines") {
			level := rapid.SampledFrom([]string{"INFO", "DEBUG", "WARN", "ERROR", "Fatal"}).Draw(t, "level")
			what := rapid.SampledFrom([]string{"worker %d took %d ms", "block %x of %d", "user%d logged in from 10.0.0.%d", "cache miss"}).Draw(t, "what")
			all = append(all, "2026-01-02 10:11:12 "+level+" "+fmt.Sprintf(strings.ReplaceAll(what, "cache miss", "cache miss %d %d"), i, i*3))
		}
		left := map[string]int{}
		for _, line := range strings.Split(condense.Log(strings.Join(all, "\n")), "\n") {
			left[line]++
		}
		for _, line := range all {
			if left[line]--; condense.Alarming(line) && left[line] < 0 {
				t.Fatalf("%q was cut", line)
			}
		}
	})
}

func compact(t *rapid.T, text string) string {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestMinifyLosesNothing goes there and back.
func TestMinifyLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawJSON(t, 4)
		if got := condense.Rows(condense.Minify(text)); got != compact(t, text) {
			t.Fatalf("%s became %s", text, got)
		}
	})
}

func drawJSON(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind %= 3
	}
	switch kind {
	case 0:
		return rapid.SampledFrom([]string{"null", "true", "0", "-1.50e+3", "12345678901234567890", `""`, `"\u00e9\"\\"`, `"a b"`}).Draw(t, "scalar")
	case 1, 2:
		return fmt.Sprintf("%d", rapid.Int().Draw(t, "number"))
	case 3:
		var all []string
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			all = append(all, drawJSON(t, depth-1))
		}
		return "[ " + strings.Join(all, " ,\n") + "]"
	case 4:
		var all []string
		for i := range rapid.IntRange(0, 6).Draw(t, "rows") {
			all = append(all, fmt.Sprintf(`{"id": %d, "name" : %s}`, i, drawJSON(t, 0)))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	var all []string
	for range rapid.IntRange(0, 4).Draw(t, "n") {
		key := rapid.SampledFrom([]string{"a", "b", "columns", "rows", "self"}).Draw(t, "key")
		all = append(all, fmt.Sprintf("%q : %s", key, drawJSON(t, depth-1)))
	}
	return "{" + strings.Join(all, ",\t") + "}"
}

func FuzzForms(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil {
			f.Add(string(raw))
			text, _, _ := strings.Cut(string(raw), "===\n")
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, form := range map[string]func(string) string{
			"log": condense.Log, "trace": condense.Trace, "diff": condense.Diff, "minify": condense.Minify, "members": condense.Members,
		} {
			made := form(text)
			if len(made) > len(text) || form(text) != made {
				t.Fatalf("%s: %d bytes became %d", name, len(text), len(made))
			}
			if json.Valid([]byte(text)) && (name == "minify" || name == "members") && !json.Valid([]byte(made)) {
				t.Fatalf("%s made no JSON of %q: %q", name, text, made)
			}
		}
	})
}
