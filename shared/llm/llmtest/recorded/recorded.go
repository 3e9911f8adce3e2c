// Package recorded reads recorded traffic of real providers (go-vcr's YAML), for tests to compare with. The recordings
// are no part of the project: DCODER_DATA names the folder that holds them, and tests that find none are skipped. It
// does not know what a recording means.
package recorded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// Call is one request and its answer, as they went over the wire.
type Call struct {
	File  string `json:"-"` // relative to the recordings' folder, without its ending
	Index int    `json:"-"` // place in the file, from 0

	Request struct {
		Body string `json:"body"`
		URL  string `json:"url"`
	} `json:"request"`
	Response struct {
		Body string `json:"body"`
		Code int    `json:"code"`
	} `json:"response"`
}

// Streamed reports whether the answer came as server-sent events.
func (c *Call) Streamed() bool {
	return strings.HasPrefix(c.Response.Body, "data:") || strings.HasPrefix(c.Response.Body, "event:")
}

// ErrNone means that there are no recordings on this machine.
var ErrNone = errors.New("no recordings; set DCODER_DATA")

// Calls returns the recorded calls that are wanted, in the order of their files. It skips the test where there are no
// recordings at all.
func Calls(t testing.TB, wanted func(*Call) bool) (out []Call) {
	t.Helper()
	all, err := All()
	if errors.Is(err, ErrNone) {
		t.Skipf("SKIPPED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if wanted(&all[i]) {
			out = append(out, all[i])
		}
	}
	return out
}

// To wants calls whose address has one of the parts.
func To(parts ...string) func(*Call) bool {
	return func(c *Call) bool {
		for _, part := range parts {
			if strings.Contains(c.Request.URL, part) {
				return true
			}
		}
		return false
	}
}

// All reads every recording. Errors: ErrNone, or that of a file that cannot be read.
func All() (all []Call, err error) {
	root := filepath.Join(Data(), "cassettes")
	if _, err := os.Stat(root); err != nil {
		return nil, fmt.Errorf("%s: %w", root, ErrNone)
	}
	err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		calls, err := read(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, root+string(filepath.Separator)), ".yaml")
		for i := range calls {
			calls[i].File, calls[i].Index = filepath.ToSlash(name), i
		}
		all = append(all, calls...)
		return nil
	})
	return all, err
}

func read(path string) ([]Call, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Interactions []Call `json:"interactions"`
	}
	err = yaml.Unmarshal(raw, &file)
	return file.Interactions, err
}

// Data is the folder of evaluation data: DCODER_DATA, or shared/data beside the repository.
func Data() string {
	if dir := os.Getenv("DCODER_DATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	return filepath.Join(dir, "..", "shared", "data")
}
