package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/compress"
	"github.com/d-coder-ai/dcoder/shared/compress/condense"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// forms prints what is gained from texts whose form says what may go: no question
// is asked.
func forms(w io.Writer, data string) error {
	fmt.Fprintf(w, "Forms, no question: auto\n  %-44s %9s %9s %7s %8s  %s\n", "text", "tokens", "after", "ratio", "ms", "lines of errors and warnings kept")
	for _, pattern := range []string{"loghub/*.log", "webhooks-jira/*.json", "webhooks-bitbucket/*.json"} {
		files, err := filepath.Glob(filepath.Join(data, pattern))
		if err != nil {
			return err
		}
		var sum formFigures
		for _, file := range files {
			f, err := formOf(file)
			if err != nil {
				return err
			}
			if strings.HasSuffix(pattern, ".log") {
				f.print(w, filepath.Base(file))
			}
			sum.add(f)
		}
		sum.print(w, "all of "+pattern)
	}
	fmt.Fprintln(w)
	return nil
}

type formFigures struct {
	in, out, alarming, kept int
	took                    time.Duration
}

func formOf(file string) (formFigures, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return formFigures{}, err
	}
	text := strings.ReplaceAll(string(raw), "\r\n", "\n")
	began := time.Now()
	out, _ := compress.Text(text, compress.Options{Mode: compress.Auto, Count: token.Count})
	f := formFigures{in: count(text), out: count(out), took: time.Since(began)}
	if !strings.HasSuffix(file, ".log") {
		return f, nil
	}
	left := map[string]int{}
	for line := range strings.Lines(out) {
		left[strings.TrimSpace(line)]++
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); condense.Alarming(line) {
			f.alarming++
			if left[line]--; left[line] >= 0 {
				f.kept++
			}
		}
	}
	return f, nil
}

func (f *formFigures) add(g formFigures) {
	f.in, f.out, f.alarming, f.kept, f.took = f.in+g.in, f.out+g.out, f.alarming+g.alarming, f.kept+g.kept, f.took+g.took
}

func (f formFigures) print(w io.Writer, name string) {
	fmt.Fprintf(w, "  %-44s %9d %9d %6.2fx %8.1f  %d of %d\n", name, f.in, f.out, float64(f.in)/float64(max(f.out, 1)), f.took.Seconds()*1000, f.kept, f.alarming)
}
