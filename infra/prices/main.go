// Command prices writes the table of package price from the price data of
// github.com/pydantic/genai-prices (MIT, Copyright (c) Pydantic Services Inc.), a
// file in its format "data-v2.json" that the environment names:
//
//	GENAI_PRICES=data-v2.json GENAI_PRICES_DAY=2026-08-21 go run ./infra/prices
//
// The table and the version of package price carry the same day.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/price/genai"
)

func main() {
	if err := run(os.Getenv("GENAI_PRICES"), os.Getenv("GENAI_PRICES_DAY"), filepath.Join("shared", "price", "catalogue.txt")); err != nil {
		fmt.Fprintln(os.Stderr, "prices:", err)
		os.Exit(1)
	}
}

func run(from, day, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read the file that GENAI_PRICES names: %w", err)
	}
	var providers []genai.Provider
	if err := json.Unmarshal(raw, &providers); err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	text, err := render(day, providers)
	if err != nil {
		return err
	}
	return os.WriteFile(to, []byte(text), 0o600)
}

// render writes the whole table.
func render(day string, providers []genai.Provider) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# Generated from github.com/pydantic/genai-prices (MIT) of %s; do not edit. See infra/prices.\n", day)
	for _, d := range dialects {
		fmt.Fprintf(&b, "= %s %s\n", d.name, d.header)
		for _, p := range providers {
			for _, raw := range p.Models {
				m, err := genai.Read(raw)
				if !belongs(d.name, p.ID, m.ID) {
					continue
				}
				if err == nil {
					err = writeModel(&b, d.name, &m)
				}
				if err != nil {
					return "", fmt.Errorf("%s, %s: %w", d.name, m.ID, err)
				}
			}
		}
	}
	return b.String(), nil
}

// belongs says which part of the table has a model: Google's data has Claude on
// Vertex as well.
func belongs(dialect, provider, model string) bool {
	claude := strings.HasPrefix(model, "claude")
	switch dialect {
	case "google":
		return provider == "google" && !claude
	case "vertex":
		return provider == "google" && claude
	}
	return provider == dialect
}
