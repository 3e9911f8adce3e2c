package llmsim

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

var formats = map[string]string{
	"date-time": "2026-01-02T03:04:05Z", "date": "2026-01-02", "time": "03:04:05Z", "duration": "PT1H",
	"email": "someone@example.com", "hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
	"uri": "https://example.com/", "uuid": "0b0e1e6a-5c7d-4c3e-9d59-5a1d0c6f7b21",
}

// text fills a string: by pattern or format, with the user's next name, or with
// the best answer that the context has.
func (m *maker) text(n *schemaNode, name string) string {
	if n.Pattern != "" {
		return patterned(n.Pattern)
	}
	s, ok := formats[n.Format]
	if !ok {
		s = m.phrase(name)
	}
	return fitLength(s, n)
}

var answerNames = map[string]bool{"answer": true, "summary": true, "text": true, "content": true, "reason": true, "explanation": true, "query": true, "question": true}

func (m *maker) phrase(name string) string {
	if !answerNames[strings.ToLower(name)] && m.names < len(m.hint.names) {
		s := m.hint.names[m.names]
		m.names++
		return s
	}
	if answerNames[strings.ToLower(name)] || name == "" {
		return m.hint.answer
	}
	return "some " + strings.ReplaceAll(name, "_", " ")
}

// fitLength pads or cuts s to minLength and maxLength, which count characters.
func fitLength(s string, n *schemaNode) string {
	if short := min(n.MinLength, 10_000) - utf8.RuneCountInString(s); short > 0 {
		s += strings.Repeat("x", short)
	}
	if n.MaxLength != nil && utf8.RuneCountInString(s) > *n.MaxLength {
		s = string([]rune(s)[:max(*n.MaxLength, 0)])
	}
	return s
}

// patterned returns the plainest string that the pattern matches, or "" for one
// that is not understood.
func patterned(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	plainest(&b, re.Simplify())
	if ok, err := regexp.MatchString(pattern, b.String()); err != nil || !ok {
		return ""
	}
	return b.String()
}

func plainest(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			b.WriteRune(plainRune(re.Rune))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('a')
	case syntax.OpCapture, syntax.OpPlus:
		plainest(b, re.Sub[0])
	case syntax.OpAlternate:
		plainest(b, re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			plainest(b, sub)
		}
	}
}

// plainRune prefers a letter or digit of a class, given as ranges.
func plainRune(ranges []rune) rune {
	for i := 0; i < len(ranges); i += 2 {
		for _, r := range "a0A" {
			if r >= ranges[i] && r <= ranges[i+1] {
				return r
			}
		}
	}
	return ranges[0]
}
