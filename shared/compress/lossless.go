package compress

import (
	"strings"

	"github.com/d-coder-ai/dcoder/shared/compress/condense"
)

// lossless shortens a segment without losing what it says.
func lossless(s Segment) string {
	switch s.Kind {
	case JSON:
		body := strings.TrimSpace(s.Text)
		at := strings.Index(s.Text, body)
		return s.Text[:at] + condense.Minify(body) + s.Text[at+len(body):]
	case Prose:
		return tidy(s.Text)
	case Table:
		return table(s.Text)
	}
	return s.Text
}

// tidy takes space at the ends of lines, and blank lines after the first.
func tidy(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	blank := 0
	for line := range strings.Lines(text) {
		trimmed := strings.TrimRight(line, " \t\r\n")
		ended := strings.HasSuffix(line, "\n")
		if trimmed == "" && ended {
			if blank++; blank > 1 {
				continue
			}
		} else {
			blank = 0
		}
		if hard := len(line) - len(strings.TrimRight(line, " \n")); trimmed != "" && ended && hard >= 3 {
			trimmed += "  " // two spaces are a line break of Markdown
		}
		if !ended {
			trimmed = line
		}
		b.WriteString(trimmed)
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// table takes the space that aligns the cells of a Markdown table, and shortens
// the line of dashes.
func table(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			b.WriteString(line)
			continue
		}
		cells := strings.Split(strings.TrimRight(line, " \t\r\n"), "|")
		for i, c := range cells {
			cells[i] = cell(c)
		}
		b.WriteString(strings.Join(cells, "|"))
		if strings.HasSuffix(line, "\n") {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func cell(c string) string {
	c = strings.TrimSpace(c)
	if inner := strings.Trim(c, ":"); len(inner) > 3 && strings.Trim(inner, "-") == "" {
		return strings.Replace(c, inner, "---", 1)
	}
	return c
}
