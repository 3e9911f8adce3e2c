package extract

import "strings"

// definitions begin at the left margin; what stands above them there, comments
// and decorators, belongs to them.
var definitions = []string{
	"def ", "class ", "async def ", "func ", "type ", "function ", "export ", "async function ", "public ", "private ", "protected ",
	"static ", "fn ", "pub ", "impl ", "struct ", "interface ", "enum ", "trait ", "module ", "object ", "template ", "@Override",
}

const fewestDefinitions = 2

// isCode reports whether a text is a series of definitions.
func isCode(text string) bool {
	defined, sentences := 0, 0
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		if line := text[at:end]; defines(line) {
			defined++
		} else if looksProse(line) {
			sentences++
		}
		at = end
	}
	return defined >= fewestDefinitions && sentences <= defined
}

func defines(line string) bool {
	for _, d := range definitions {
		if strings.HasPrefix(line, d) {
			return strings.ContainsAny(line, "({:")
		}
	}
	return false
}

// looksProse reports whether a line at the left margin is a sentence.
func looksProse(line string) bool {
	line = strings.TrimSpace(line)
	return len(line) > 20 && line[0] >= 'A' && line[0] <= 'Z' && endsSentence(line) && strings.Count(line, " ") >= 4
}

// source makes a passage of one unit of each definition; what stands before the
// first, imports mostly, is a head of nothing and stays.
func (o *outline) source() {
	start := 0
	for at := 0; at < len(o.text); {
		end := lineEnd(o.text, at)
		if at > start && defines(o.text[at:end]) {
			above := o.above(start, at)
			if above > start {
				o.definition(span{start, above})
				start = above
			}
		}
		at = end
	}
	if start < len(o.text) {
		o.definition(span{start, len(o.text)})
	}
}

func (o *outline) definition(s span) {
	n := len(o.units)
	o.passages = append(o.passages, passage{head: span{s.start, s.start}, title: span{s.start, s.start}, first: n, next: n + 1})
	o.units = append(o.units, unit{s, len(o.passages) - 1})
}

// above moves up over comments and decorators that touch a definition.
func (o *outline) above(start, at int) int {
	for at > start {
		before := strings.LastIndexByte(o.text[start:at-1], '\n') + 1 + start
		line := strings.TrimSpace(o.text[before:at])
		if line == "" || !strings.HasPrefix(line, "@") && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "//") || strings.HasPrefix(o.text[before:at], " ") {
			return at
		}
		at = before
	}
	return at
}

// subword returns where the part of an identifier that begins at a place ends:
// at an underscore, and where the case rises.
func subword(text string, at, end int) int {
	for i := at + 1; i < end; i++ {
		c, before := text[i], text[i-1]
		if c == '_' || 'A' <= c && c <= 'Z' && 'a' <= before && before <= 'z' {
			return i
		}
	}
	return end
}
