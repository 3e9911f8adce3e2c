// Command compression measures package compress on public data, beside baselines
// in the same run and without a model:
//
//	make eval-compression
//	DCODER_DATA=folder CASES=all go run ./infra/evals/compression
//
// The weights were fitted on the cases with even numbers; CASES=report, the
// default, measures the others, CASES=tune those, CASES=all both. What is kept
// stands in the case's data: an answer, all evidence, turns, a whole function.
package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "compression:", err)
		os.Exit(1)
	}
}

func run() error {
	data := cmp.Or(os.Getenv("DCODER_DATA"), filepath.Join("..", "shared", "data"))
	if _, err := os.Stat(filepath.Join(data, "nq-open")); err != nil {
		return fmt.Errorf("no data in %s; set DCODER_DATA: %w", data, err)
	}
	cases := cmp.Or(os.Getenv("CASES"), "report")
	count("") // the vocabulary is read before anything is timed
	fmt.Printf("Compression, cases: %s. Ratios in tokens of o200k_base; 95%% intervals by bootstrap; decile: the worst tenth.\n\n", cases)
	for _, s := range sets {
		if err := s.measure(os.Stdout, data, cases); err != nil {
			return err
		}
	}
	if err := forms(os.Stdout, data); err != nil {
		return err
	}
	return latency(os.Stdout, data)
}
