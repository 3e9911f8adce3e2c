// Command cache measures package semcache on public data, beside baselines in the
// same run, with the lexical embedder and without a model:
//
//	make eval-cache
//	DCODER_DATA=folder SHUFFLES=20 go run ./infra/evals/cache
//
// What was tuned on what: the lexicon and the rules were written while looking at
// the pairs of cache-pairs that stand in the folder, so their figures are those of
// the tuning part; cases that are not in the folder are the test. The policy was
// tuned on the questions of banking77 with even numbers; measured are shuffles of
// all questions, and of those with odd numbers alone. Intervals are 95 %: exact
// ones of proportions, and of means over shuffles by their spread.
package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "cache:", err)
		os.Exit(1)
	}
}

func run() error {
	data := cmp.Or(os.Getenv("DCODER_DATA"), filepath.Join("..", "shared", "data"))
	if _, err := os.Stat(filepath.Join(data, "cache-pairs")); err != nil {
		return fmt.Errorf("no data in %s; set DCODER_DATA: %w", data, err)
	}
	shuffles, err := strconv.Atoi(cmp.Or(os.Getenv("SHUFFLES"), "20"))
	if err != nil || shuffles < 2 {
		return fmt.Errorf("SHUFFLES: a number from 2 on, not %q", os.Getenv("SHUFFLES"))
	}
	for _, f := range []string{"checklist.jsonl", "blindspots.jsonl"} {
		if err := pairs(os.Stdout, data, f); err != nil {
			return err
		}
	}
	slip, err := verifier(os.Stdout, data)
	if err != nil {
		return err
	}
	all, err := questions(filepath.Join(data, "banking77", "train.csv"))
	if err != nil {
		return err
	}
	streams(os.Stdout, all, shuffles, slip)
	return nil
}
