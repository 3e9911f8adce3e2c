package compress

import (
	"strings"
)

// leastDuplicate is the length in bytes from which a repeated paragraph is worth a
// reference.
const leastDuplicate = 160

// again stands where a paragraph was that had stood before.
const again = "[as above: "

// duplicates replaces paragraphs that stood before, word for word, by their first
// words: retrieved chunks overlap, and clients paste twice.
func duplicates(segments []Segment) []Segment {
	seen := map[string]bool{}
	made := append([]Segment(nil), segments...)
	for i, s := range segments {
		if s.Kind != Prose {
			continue
		}
		var b strings.Builder
		for _, p := range paragraphs(s.Text) {
			b.WriteString(once(p.Text, seen, s.Protected))
		}
		made[i].Text = b.String()
	}
	return made
}

func once(paragraph string, seen map[string]bool, protected bool) string {
	body := strings.TrimRight(paragraph, " \t\n")
	if len(body) < leastDuplicate {
		return paragraph
	}
	key := strings.Join(strings.Fields(body), " ")
	if !seen[key] || protected {
		seen[key] = true
		return paragraph
	}
	words := strings.Fields(body[:leastDuplicate])
	return again + strings.Join(words[:min(6, len(words))], " ") + "…]" + paragraph[len(body):]
}
