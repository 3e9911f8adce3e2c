// Package envfile reads and writes KEY=VALUE files that both a POSIX shell (`. file`) and Go understand: one
// variable a line, the value in single quotes where it holds anything but plain characters.
// It is no dotenv: no interpolation, no multi-line values, no `export`.
package envfile

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Pair is one variable; a file keeps the order of its pairs.
type Pair struct{ Key, Value string }

var (
	name  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	plain = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=?&-]*$`)
)

// Read parses r. Blank lines and lines that begin with # are skipped.
func Read(r io.Reader) ([]Pair, error) {
	var pairs []Pair
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found || !name.MatchString(key) {
			return nil, fmt.Errorf("line %d is not KEY=VALUE", n)
		}
		value, err := unquote(value)
		if err != nil {
			return nil, fmt.Errorf("line %d, %s: %w", n, key, err)
		}
		pairs = append(pairs, Pair{key, value})
	}
	return pairs, lines.Err()
}

// ReadFile reads the file at path.
func ReadFile(path string) ([]Pair, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return Read(file)
}

// Render is the text of a file with these pairs; a value with a line break is an error.
func Render(pairs []Pair) (string, error) {
	var text strings.Builder
	for _, pair := range pairs {
		if !name.MatchString(pair.Key) || strings.ContainsAny(pair.Value, "\n\r\x00") {
			return "", fmt.Errorf("variable %q cannot stand in an env file", pair.Key)
		}
		fmt.Fprintf(&text, "%s=%s\n", pair.Key, quote(pair.Value))
	}
	return text.String(), nil
}

// WriteFile puts the pairs at path, readable by its owner only, whole or not at all.
func WriteFile(path string, pairs []Pair) error {
	text, err := Render(pairs)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(path), ".env-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(next.Name()) }()
	if _, err = next.WriteString(text); err == nil {
		err = next.Close()
	}
	if err != nil {
		return err
	}
	return os.Rename(next.Name(), path)
}

func quote(value string) string {
	if plain.MatchString(value) && !strings.HasPrefix(value, "~") {
		return shieldMeta(value)
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// shieldMeta quotes what a shell would act on although the characters are plain in a URL.
func shieldMeta(value string) string {
	if strings.ContainsAny(value, "&?") {
		return "'" + value + "'"
	}
	return value
}

func unquote(value string) (string, error) {
	if !strings.HasPrefix(value, "'") {
		if strings.ContainsAny(value, `'"`) {
			return "", fmt.Errorf("quotes belong around the whole value")
		}
		return value, nil
	}
	if len(value) < 2 || !strings.HasSuffix(value, "'") {
		return "", fmt.Errorf("the closing quote is missing")
	}
	inner := strings.ReplaceAll(value[1:len(value)-1], `'\''`, "\x00")
	if strings.Contains(inner, "'") {
		return "", fmt.Errorf("a quote inside is not escaped")
	}
	return strings.ReplaceAll(inner, "\x00", "'"), nil
}
