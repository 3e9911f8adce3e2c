package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is a part of the text, by bytes.
type span struct{ start, end int }

func (s span) of(text string) string { return text[s.start:s.end] }

// passage is what belongs together: a retrieved document, a paragraph under its
// heading, a conversation. Its units follow its head in the text.
type passage struct {
	head        span // label and title, kept with any unit; may be empty
	title, also span // what the head names, and what it adds in brackets
	first, next int  // its units
}

// unit is what is kept or cut whole: a sentence or a turn, with the space behind.
type unit struct {
	span
	passage int
}

// outline cuts text into passages and units that together are the whole text.
type outline struct {
	text     string
	passages []passage
	units    []unit
	dialogue bool
	code     bool
}

func read(text string) outline {
	o := outline{text: text, dialogue: isDialogue(text)}
	switch {
	case o.dialogue:
		o.turns()
		return o
	case isCode(text):
		o.code = true
		o.source()
		return o
	}
	for _, b := range blocks(text) {
		o.block(b)
	}
	return o
}

// blocks are cut at blank lines and before lines that begin a document.
func blocks(text string) []span {
	var all []span
	start, blank := 0, false
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		empty := strings.TrimSpace(text[at:end]) == ""
		if at > start && !empty && (blank || beginsDocument(text[at:end])) {
			all = append(all, span{start, at})
			start = at
		}
		blank, at = empty, end
	}
	if start < len(text) {
		all = append(all, span{start, len(text)})
	}
	return all
}

func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}

func (o *outline) block(b span) {
	head := headEnd(b.of(o.text))
	p := passage{head: span{b.start, b.start + head}, first: len(o.units)}
	// A heading that stands alone belongs to the block that follows.
	if n := len(o.passages); n > 0 && o.passages[n-1].first == o.passages[n-1].next && b.start-o.passages[n-1].head.start < 4*longestHead {
		p.head.start = o.passages[n-1].head.start
		o.passages = o.passages[:n-1]
	}
	for _, s := range sentences(o.text, span{p.head.end, b.end}) {
		o.units = append(o.units, unit{s, len(o.passages)})
	}
	p.next = len(o.units)
	p.title, p.also = title(o.text, p.head)
	o.passages = append(o.passages, p)
}

// beginsDocument reports whether a line is the label of a retrieved document.
func beginsDocument(line string) bool {
	return labelEnd(line) > 0 || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "Title:") || strings.HasPrefix(line, "<doc")
}

// labelEnd returns the length of "Document [3](Title: ...)", "[3] " and the like.
func labelEnd(line string) int {
	at := 0
	for _, word := range []string{"Document ", "Passage ", "Source ", "Context ", "Chunk "} {
		if strings.HasPrefix(line, word) {
			at = len(word)
		}
	}
	n := bracket(line[at:], '[', ']')
	if n == 0 || n > 8 {
		return 0
	}
	at += n
	at += bracket(line[at:], '(', ')')
	return at
}

// bracket returns the length of a balanced bracket at the beginning of s.
func bracket(s string, open, shut byte) int {
	depth := 0
	for i := 0; i < len(s) && s[i] != '\n'; i++ {
		switch s[i] {
		case open:
			depth++
		case shut:
			depth--
		}
		if depth == 0 {
			if i == 0 {
				return 0
			}
			return i + 1
		}
	}
	return 0
}

const longestHead = 120 // bytes

// headEnd returns the length of a block's head: its label, or its first line when
// that reads as a heading.
func headEnd(block string) int {
	if n := labelEnd(block); n > 0 {
		return n + space(block[n:])
	}
	end := lineEnd(block, 0)
	line := strings.TrimSpace(block[:end])
	if len(line) > longestHead || line == "" {
		return 0
	}
	if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "Title:") || end < len(block) && !endsSentence(line) && !isItem(line) {
		return end
	}
	return 0
}

func endsSentence(line string) bool {
	return strings.ContainsAny(line[len(line)-1:], ".!?;,:")
}

func isItem(line string) bool {
	return strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "|")
}

func space(s string) int {
	for i, r := range s {
		if !unicode.IsSpace(r) {
			return i
		}
	}
	return len(s)
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}
