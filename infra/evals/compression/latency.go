package main

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/d-coder-ai/dcoder/shared/compress"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// latency prints how long a prompt of about 2,000 tokens takes on one core.
func latency(w io.Writer, data string) error {
	all, err := nq(data)
	if err != nil {
		return err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var took []time.Duration
	var tokens int
	for range 3 {
		for _, k := range chosen(all, "report") {
			if k.tokens < 1800 || k.tokens > 2300 {
				continue
			}
			tokens = k.tokens
			began := time.Now()
			compress.Text(k.text, compress.Options{Mode: compress.Ratio, Ratio: 3, Use: compress.RAG, Question: k.question, Count: token.Count})
			took = append(took, time.Since(began))
		}
	}
	if len(took) == 0 {
		return nil
	}
	_, err = fmt.Fprintf(w, "A prompt of 1,800 to 2,300 tokens (the last: %d) at 3x, one core, %d runs: p50 %.2f ms, p99 %.2f ms\n", tokens, len(took), milliseconds(took, .5), milliseconds(took, .99))
	return err
}
