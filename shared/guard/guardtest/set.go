package guardtest

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Case is one labelled text.
type Case struct {
	Text  string
	Wants []Want // none: nothing must be found
}

// Want is what must be found: a rule of a category, at [Start, End) of the text;
// an attempt of injection may be anywhere in it.
type Want struct {
	Category   string // "secrets", "pii", "injection"
	Rule       string // "" for an injection: any rule of the category will do
	Start, End int
}

//go:embed dev.txt
var dev string

//go:embed frozen.txt
var frozen string

// Seeds and how often a line with a name is written out.
const (
	devSeed, frozenSeed = 11, 4711
	rounds              = 12
)

// Dev is the half that detectors may be tuned on.
func Dev() []Case { return expand(dev, devSeed) }

// Frozen is the half that was written before the detectors.
func Frozen() []Case { return expand(frozen, frozenSeed) }

// expand writes the lines out. A line is marked "+" (its values must be found),
// "-" (nothing must be found), "!" (an attempt of injection) or "#" (a remark).
func expand(lines string, seed uint64) (all []Case) {
	r := rand.New(rand.NewPCG(seed, seed))
	for _, line := range strings.Split(lines, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		mark, text := line[0], strings.ReplaceAll(line[2:], `\n`, "\n")
		times := rounds
		if !strings.Contains(text, "{") {
			times = 1
		}
		for range times {
			all = append(all, write(r, mark, text))
		}
	}
	return all
}

func write(r *rand.Rand, mark byte, text string) (c Case) {
	var b strings.Builder
	for {
		from := strings.IndexByte(text, '{')
		if from < 0 {
			break
		}
		b.WriteString(text[:from])
		name, rest, _ := strings.Cut(text[from+1:], "}")
		v, ok := values[name]
		if !ok { // a brace of code
			b.WriteByte('{')
			text = text[from+1:]
			continue
		}
		at := b.Len()
		b.WriteString(v.make(r))
		if mark == '+' && v.category != "" {
			rule := v.rule
			if rule == "" {
				rule = name
			}
			c.Wants = append(c.Wants, Want{v.category, rule, at, b.Len()})
		}
		text = rest
	}
	b.WriteString(text)
	c.Text = b.String()
	if mark == '!' {
		c.Wants = []Want{{Category: "injection", End: len(c.Text)}}
	}
	if mark == '+' && len(c.Wants) == 0 {
		panic(fmt.Sprintf("guardtest: a line to be found names nothing: %q", text))
	}
	return c
}
