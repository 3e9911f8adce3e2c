// Command dcoder is the operators' command. It works on the databases directly,
// so it needs their credentials and no running function; imports go through the
// API, with the key of a tenant's administrator.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the arguments say and returns the exit code: 0 done, 1 failed, 2
// not understood. What is asked for goes to out, all else to err.
func run(ctx context.Context, args []string, out, say io.Writer) int {
	for _, c := range commands {
		words := strings.Fields(c.name)
		if len(args) < len(words) || strings.Join(args[:len(words)], " ") != c.name {
			continue
		}
		err := c.run(ctx, console{out, say}, args[len(words):])
		if errors.Is(err, errUsage) {
			return 2
		}
		if err != nil {
			_, _ = fmt.Fprintf(say, "dcoder %s: %v\n", c.name, err)
			return 1
		}
		return 0
	}
	usage(say)
	return 2
}

var errUsage = errors.New("usage")

// console is where a command speaks: results to out, for people to say.
type console struct{ out, err io.Writer }

func (c console) say(format string, args ...any) { _, _ = fmt.Fprintf(c.err, format+"\n", args...) }
func (c console) print(result string)            { _, _ = fmt.Fprintln(c.out, result) }

func usage(w io.Writer) {
	_, _ = fmt.Fprintln(w, "usage: dcoder <command> [flags]\n\ncommands:")
	for _, c := range commands {
		_, _ = fmt.Fprintf(w, "  %-20s %s\n", c.name, c.about)
	}
}
