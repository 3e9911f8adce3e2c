package envfile

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var value = rapid.StringMatching(`[ -~äß]{0,40}`)

// Property: what is written is read back the same, by Go and by a shell.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		path := filepath.Join(dir, "env")
		want := []Pair{{"A", value.Draw(t, "a")}, {"B_2", value.Draw(t, "b")}}
		require.NoError(t, WriteFile(path, want))
		have, err := ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, have)
	})
}

func TestAShellReadsTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	for _, text := range []string{
		``, `plain`, `a b`, `it's`, `'`, `''`, `$HOME`, "`id`", `{"k":["v"]}`, `a&b?c`, `~`, `#x`, `a;b`, `\n`, `ä`, `*`,
		`postgres://u:p@127.0.0.1:5432/d?sslmode=disable`,
	} {
		require.NoError(t, WriteFile(path, []Pair{{"V", text}}))
		out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", `. "$0"; printf %s "$V"`, path).Output()
		require.NoError(t, err, text)
		require.Equal(t, text, string(out))
		have, err := ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, have[0].Value)
	}
}

func TestTheFileIsItsOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	require.NoError(t, WriteFile(path, []Pair{{"A", "1"}}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestBadLinesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"A=1\nnonsense":  "line 2",
		"1A=x":           "line 1",
		"A='x":           "closing quote",
		"A='x'y'":        "not escaped",
		`A="x"`:          "around the whole value",
		"export A=x":     "line 1",
		"A=1\n\n# c\n=x": "line 4",
	} {
		_, err := Read(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
}

func TestRenderRefusesWhatNoLineCanHold(t *testing.T) {
	for _, pair := range []Pair{{"A", "x\ny"}, {"a b", "x"}, {"", "x"}, {"A", "\x00"}} {
		_, err := Render([]Pair{pair})
		require.Error(t, err, pair)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("A='x'\\''y'\n# c\nB=1")
	f.Fuzz(func(t *testing.T, text string) {
		pairs, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		again, err := Render(pairs)
		if err != nil { // a NUL in a value
			return
		}
		back, err := Read(strings.NewReader(again))
		require.NoError(t, err)
		require.Equal(t, pairs, back)
	})
}
