package extract

import "strings"

const (
	fewestTurns    = 6
	longestSpeaker = 48 // bytes
)

// isDialogue reports whether most lines begin with who speaks.
func isDialogue(text string) bool {
	turns, lines := 0, 0
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		if line := text[at:end]; strings.TrimSpace(line) != "" {
			lines++
			if speaker(line) > 0 {
				turns++
			}
		}
		at = end
	}
	return turns >= fewestTurns && turns*10 >= lines*6
}

// speaker returns the length of "Name: " at a line's beginning.
func speaker(line string) int {
	for i := 0; i < len(line) && i < longestSpeaker; i++ {
		switch c := line[i]; {
		case c == ':' && i > 0 && i+1 < len(line) && line[i+1] == ' ':
			return i + 2
		case c == '.' || c == ' ' || c == '-' || c == '\'' || c == '(' || c == ')' || c == '_' || c >= 0x80:
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9':
		default:
			return 0
		}
	}
	return 0
}

// turns makes one passage of a conversation, whose units are turns with the lines
// that continue them.
func (o *outline) turns() {
	start := 0
	for at := 0; at < len(o.text); {
		end := lineEnd(o.text, at)
		if at > start && speaker(o.text[at:end]) > 0 {
			o.units = append(o.units, unit{span{start, at}, 0})
			start = at
		}
		at = end
	}
	if start < len(o.text) {
		o.units = append(o.units, unit{span{start, len(o.text)}, 0})
	}
	o.passages = []passage{{next: len(o.units)}}
}
