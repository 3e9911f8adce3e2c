// Package manifest is what renderers make: files of YAML or JSON that are the
// same bytes for the same values. It writes nothing to disk and knows no format
// of any platform.
package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"
)

// File is one rendered file.
type File struct {
	Path string // within the repository, with slashes
	Data []byte
}

// Object is a document of which only some fields are said; its keys are written
// in alphabetical order.
type Object = map[string]any

// List is a list within an Object.
type List = []any

// Head begins every rendered file of YAML.
const Head = "# Rendered by make render from the functions' own values: edit those.\n"

// YAML renders documents into one file.
func YAML(path string, documents ...any) (File, error) {
	var out bytes.Buffer
	out.WriteString(Head)
	for i, d := range documents {
		raw, err := yaml.Marshal(d)
		if err != nil {
			return File{}, fmt.Errorf("render %s: %w", path, err)
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(raw)
	}
	return File{path, out.Bytes()}, nil
}

// JSON renders one document, indented.
func JSON(path string, document any) (File, error) {
	raw, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return File{}, fmt.Errorf("render %s: %w", path, err)
	}
	return File{path, append(raw, '\n')}, nil
}
