package main

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/d-coder-ai/dcoder/shared/compress"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// latency prints how long a prompt of about 2,000 tokens takes on one core: by the
// clock, and in processor time, which others on the machine do not lengthen.
func latency(w io.Writer, data string) error {
	all, err := nq(data)
	if err != nil {
		return err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var clock, processor []time.Duration
	for range 3 {
		for _, k := range chosen(all, "report") {
			if k.tokens < 1800 || k.tokens > 2300 {
				continue
			}
			began, used := time.Now(), processorTime()
			compress.Text(k.text, compress.Options{Mode: compress.Ratio, Ratio: 3, Use: compress.RAG, Question: k.question, Count: token.Count})
			clock, processor = append(clock, time.Since(began)), append(processor, processorTime()-used)
		}
	}
	if len(clock) == 0 {
		return nil
	}
	_, err = fmt.Fprintf(w, "Prompts of 1,800 to 2,300 tokens at 3x, one core, %d runs: p50 %.2f ms, p99 %.2f ms by the clock; p50 %.2f ms, p99 %.2f ms of processor time\n",
		len(clock), milliseconds(clock, .5), milliseconds(clock, .99), milliseconds(processor, .5), milliseconds(processor, .99))
	return err
}

// processorTime is what the process has used, the collector included.
func processorTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
