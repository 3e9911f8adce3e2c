package compress

import (
	"strings"
)

// Kind is what a segment is made of.
type Kind uint8

// The kinds.
const (
	Prose  Kind = iota
	Fence       // a fenced block of code
	Source      // code without a fence
	JSON
	Log
	Trace
	Diff
	Table
)

// Segment is a part of a text that is treated alike.
type Segment struct {
	Kind      Kind
	Text      string
	Protected bool // its bytes stay
}

// Split cuts a text into segments that together are the text.
func Split(text string) []Segment {
	var all []Segment
	for _, r := range regions(text) {
		if r.Protected || r.Kind == Fence {
			all = append(all, r)
			continue
		}
		all = append(all, paragraphs(r.Text)...)
	}
	return merge(all)
}

func join(segments []Segment) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString(s.Text)
	}
	return b.String()
}

// The marks of what a client wants to keep, which stay in the text with it.
const (
	keepOpen  = "<keep>"
	keepClose = "</keep>"
)

// regions cuts out fences and what is marked to be kept.
func regions(text string) []Segment {
	var all []Segment
	start := 0
	for at := 0; at < len(text); {
		size, r := region(text, at)
		if size == 0 {
			at = next(text, at)
			continue
		}
		if at > start {
			all = append(all, Segment{Text: text[start:at]})
		}
		r.Text = text[at : at+size]
		all = append(all, r)
		at += size
		start = at
	}
	if start < len(text) {
		all = append(all, Segment{Text: text[start:]})
	}
	return all
}

// next returns the next place where a region may begin: a line, or a sign.
func next(text string, at int) int {
	if text[at] == '<' {
		at++
	}
	i := strings.IndexAny(text[at:], "\n<")
	if i < 0 {
		return len(text)
	}
	if at += i; text[at] == '\n' {
		at++
	}
	return at
}

// region returns the length of a region that begins at a place, or 0.
func region(text string, at int) (size int, r Segment) {
	rest := text[at:]
	switch {
	case strings.HasPrefix(rest, keepOpen):
		return keptEnd(rest), Segment{Protected: true}
	case (at == 0 || text[at-1] == '\n') && strings.HasPrefix(rest, "```"):
		return fence(rest), Segment{Kind: Fence}
	}
	return 0, Segment{}
}

// keptEnd returns the length of what is marked to be kept: to the mark that closes
// it, marks within it being pairs, or to the text's end.
func keptEnd(rest string) int {
	at, depth := len(keepOpen), 1
	for depth > 0 {
		shut := strings.Index(rest[at:], keepClose)
		if shut < 0 {
			return len(rest)
		}
		if open := strings.Index(rest[at:at+shut], keepOpen); open >= 0 {
			at, depth = at+open+len(keepOpen), depth+1
			continue
		}
		at, depth = at+shut+len(keepClose), depth-1
	}
	return at
}

// fence returns the length of a fenced block, to the text's end if it is not closed.
func fence(rest string) int {
	for at := lineEnd(rest, 0); at < len(rest); at = lineEnd(rest, at) {
		if strings.HasPrefix(rest[at:], "```") {
			return lineEnd(rest, at)
		}
	}
	return len(rest)
}

func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}

// paragraphs cuts at blank lines.
func paragraphs(text string) []Segment {
	var all []Segment
	start, blank := 0, false
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		empty := strings.TrimSpace(text[at:end]) == ""
		if blank && !empty {
			all = append(all, Segment{Kind: classify(text[start:at]), Text: text[start:at]})
			start = at
		}
		blank = empty
		at = end
	}
	if start < len(text) {
		all = append(all, Segment{Kind: classify(text[start:]), Text: text[start:]})
	}
	return all
}

// merge joins neighbours of one kind, which were cut at a blank line within them.
func merge(all []Segment) []Segment {
	var merged []Segment
	for _, s := range all {
		n := len(merged)
		if n > 0 && merged[n-1].Kind == s.Kind && !s.Protected && !merged[n-1].Protected && s.Kind != Fence && s.Kind != JSON {
			merged[n-1].Text += s.Text
			continue
		}
		merged = append(merged, s)
	}
	return merged
}
