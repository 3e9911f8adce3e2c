package condense

import (
	"fmt"
	"strings"
)

// fewest lines of one form that are worth to be told as first, count and last.
const fewestAlike = 4

// Log groups lines of one form, as Drain does (He et al., 2017): words that hold a
// digit are taken for values, and so is the one word in which forms differ. Of a
// group the first and the last line stay, with how many stood between. Lines that
// speak of errors or warnings stay as they are, each of them, and so do the lines
// before and after the first of a form.
func Log(text string) string {
	all := lines(text)
	forms := formsOf(all)
	groups := map[int]*group{}
	for i := range all {
		g := groups[forms[i]]
		if g == nil {
			g = &group{first: i}
			groups[forms[i]] = g
		}
		g.last = i
		g.count++
	}
	l := logText{all: all, forms: forms, groups: groups, keep: kept(all, forms)}
	return shorter(l.String(), text)
}

// group is the lines of one form.
type group struct {
	first, last int
	count       int
}

type logText struct {
	all    []string
	forms  []int
	groups map[int]*group
	keep   []bool
}

func (l logText) String() string {
	var b strings.Builder
	for i, line := range l.all {
		g := l.groups[l.forms[i]]
		if l.keep[i] || g.count < fewestAlike || i == g.first || i == g.last {
			b.WriteString(line)
			b.WriteByte('\n')
		}
		if i == g.first && g.count >= fewestAlike {
			l.tell(&b, g)
		}
	}
	return b.String()
}

// tell says how many lines of a group are left out, if any.
func (l logText) tell(b *strings.Builder, g *group) {
	cut := 0
	for i := g.first + 1; i < g.last; i++ {
		if l.groups[l.forms[i]] == g && !l.keep[i] {
			cut++
		}
	}
	if cut > 0 {
		fmt.Fprintf(b, "… %d more like this\n", cut)
	}
}

// kept marks lines that say that something is wrong, and the neighbours of the
// first of each form.
func kept(all []string, forms []int) []bool {
	keep := make([]bool, len(all))
	seen := map[int]bool{}
	for i, line := range all {
		if !Alarming(line) {
			continue
		}
		keep[i] = true
		if seen[forms[i]] {
			continue
		}
		seen[forms[i]] = true
		keep[max(0, i-1)], keep[min(len(all)-1, i+1)] = true, true
	}
	return keep
}

var alarms = []string{"error", "warn", "fatal", "critical", "severe", "panic", "exception", "emerg", "alert"}

// Alarming reports whether a line of a log speaks of an error or a warning.
func Alarming(line string) bool {
	line = strings.ToLower(line)
	for _, a := range alarms {
		if strings.Contains(line, a) {
			return true
		}
	}
	return false
}
