package compress

import (
	"encoding/json"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/compress/condense"
)

// classify tells what a paragraph is by the forms of its lines.
func classify(text string) Kind {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return Prose
	}
	if (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid([]byte(trimmed)) {
		return JSON
	}
	if strings.HasPrefix(trimmed, "diff --git ") || strings.HasPrefix(trimmed, "--- ") && strings.Contains(trimmed, "\n+++ ") || strings.HasPrefix(trimmed, "@@ -") {
		return Diff
	}
	return byLines(strings.Split(trimmed, "\n"))
}

func byLines(lines []string) Kind {
	var frames, stamped, tabled, coded int
	for _, line := range lines {
		switch {
		case condense.IsFrame(line):
			frames++
		case isStamped(line):
			stamped++
		case strings.HasPrefix(line, "|"):
			tabled++
		case isCoded(line):
			coded++
		}
	}
	n := len(lines)
	switch {
	case frames >= 3 && frames*2 >= n:
		return Trace
	case n >= 4 && stamped*10 >= n*7:
		return Log
	case n >= 3 && tabled*10 >= n*9:
		return Table
	case n >= 2 && coded*10 >= n*6:
		return Source
	}
	return Prose
}

// isStamped reports whether a line begins as a line of a log does: with a time, or
// with a level near its beginning.
func isStamped(line string) bool {
	head := line[:min(len(line), 80)]
	digits, colons := 0, 0
	for i := 0; i < min(len(head), 24); i++ {
		switch c := head[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == ':':
			colons++
		}
	}
	if digits >= 6 && (colons >= 1 || strings.Contains(head, " INFO ")) {
		return true
	}
	for _, level := range []string{" INFO ", " WARN ", " ERROR ", " DEBUG ", " FATAL ", "[error]", "[notice]", "[info]", "[warn]"} {
		if strings.Contains(head, level) {
			return true
		}
	}
	return false
}

// isCoded reports whether a line looks like source code.
func isCoded(line string) bool {
	trimmed := strings.TrimSpace(line)
	if trimmed == "" {
		return false
	}
	switch trimmed[len(trimmed)-1] {
	case '{', '}', ';', ')', ']':
		return strings.ContainsAny(trimmed, "(){}[]=;")
	case ':':
		return strings.HasPrefix(trimmed, "def ") || strings.HasPrefix(trimmed, "class ") || strings.HasPrefix(trimmed, "if ") || strings.HasPrefix(trimmed, "for ") ||
			strings.HasPrefix(trimmed, "else") || strings.HasPrefix(trimmed, "try") || strings.HasPrefix(trimmed, "with ") || strings.HasPrefix(trimmed, "elif ") || strings.HasPrefix(trimmed, "except")
	}
	return strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t") || strings.Contains(trimmed, " = ") || strings.HasPrefix(trimmed, "return ") || strings.HasPrefix(trimmed, "import ")
}
