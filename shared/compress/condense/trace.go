package condense

import (
	"fmt"
	"strings"
)

// Trace keeps of a stack trace what was thrown, the first frame and the frames of
// the program itself; runs of frames of a language's own and of known frameworks
// become one line.
func Trace(text string) string {
	t := trace{}
	for _, line := range lines(text) {
		t.add(line)
	}
	t.flush()
	return shorter(t.String(), text)
}

// IsFrame reports whether a line is one frame of a stack trace: of the JVM,
// JavaScript, .NET or Python.
func IsFrame(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "at ") && strings.ContainsAny(line, "(.") ||
		strings.HasPrefix(line, "File \"") && strings.Contains(line, ", line ")
}

type trace struct {
	strings.Builder
	run    []string // frames that are not the program's, with the lines below them
	frames int      // in run
	seen   bool     // the first frame since what was thrown
}

func (t *trace) add(line string) {
	switch {
	case !IsFrame(line):
		t.other(line)
		return
	case !t.seen || !foreign(line):
		t.flush()
		t.seen = true
		t.WriteString(line + "\n")
		return
	}
	t.run = append(t.run, line)
	t.frames++
}

// other takes a line that is no frame: source below a foreign frame goes with it.
func (t *trace) other(line string) {
	if len(t.run) > 0 && IsFrame(t.run[len(t.run)-1]) && strings.HasPrefix(line, "    ") {
		t.run = append(t.run, line)
		return
	}
	t.flush()
	if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
		t.seen = false
	}
	t.WriteString(line + "\n")
}

func (t *trace) flush() {
	if t.frames < 3 {
		for _, line := range t.run {
			t.WriteString(line + "\n")
		}
	} else {
		fmt.Fprintf(t, "    … %d frames of libraries\n", t.frames)
	}
	t.run, t.frames = nil, 0
}

var libraries = []string{
	"at java.", "at javax.", "at jdk.", "at sun.", "at com.sun.", "at org.springframework.", "at org.apache.", "at io.netty.", "at reactor.",
	"at kotlin", "at scala.", "at org.hibernate.", "at System.", "at Microsoft.", "node:internal", "node_modules", "site-packages",
	"/lib/python", "at org.eclipse.jetty", "at io.undertow", "<frozen ",
}

func foreign(line string) bool {
	for _, l := range libraries {
		if strings.Contains(line, l) {
			return true
		}
	}
	return false
}
