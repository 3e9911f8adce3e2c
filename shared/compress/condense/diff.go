package condense

import (
	"fmt"
	"strings"
)

// context is how many unchanged lines stay to each side of a change.
const context = 1

// Diff cuts the unchanged lines of a unified diff down to one on each side of a
// change; files, hunks and changes stay.
func Diff(text string) string {
	all := lines(text)
	var b strings.Builder
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && unchanged(all[end]) {
			end++
		}
		if end == i {
			b.WriteString(all[i] + "\n")
			i++
			continue
		}
		quiet(&b, all[i:end], i > 0 && isChange(all[i-1]), end < len(all) && isChange(all[end]))
		i = end
	}
	return shorter(b.String(), text)
}

// quiet writes a run of unchanged lines that a change may precede or follow.
func quiet(b *strings.Builder, run []string, after, before bool) {
	head, tail := 0, 0
	if after {
		head = min(context, len(run))
	}
	if before {
		tail = min(context, len(run)-head)
	}
	cut := len(run) - head - tail
	for i, line := range run {
		switch {
		case i < head, i >= len(run)-tail, cut < 2:
			b.WriteString(line + "\n")
		case i == head:
			fmt.Fprintf(b, " … %d unchanged\n", cut)
		}
	}
}

func unchanged(line string) bool { return line == "" || line[0] == ' ' }

func isChange(line string) bool { return line != "" && (line[0] == '+' || line[0] == '-') }
