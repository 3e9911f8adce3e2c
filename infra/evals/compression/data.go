package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func readLines[T any](data, name string) ([]T, error) {
	raw, err := os.ReadFile(filepath.Join(data, name))
	if err != nil {
		return nil, err
	}
	var all []T
	for line := range bytes.Lines(raw) {
		var row T
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, row)
	}
	return all, nil
}

func readWhole[T any](data, name string) ([]T, error) {
	raw, err := os.ReadFile(filepath.Join(data, name))
	if err != nil {
		return nil, err
	}
	var all []T
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return all, nil
}

// readPairs reads the first two columns of a table with a head.
func readPairs(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pairs := map[string]string{}
	for i, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		if columns := strings.Split(line, "\t"); i > 0 && len(columns) > 1 {
			pairs[columns[0]] = columns[1]
		}
	}
	return pairs, nil
}
