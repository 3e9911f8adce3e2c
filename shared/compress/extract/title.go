package extract

import "strings"

// title finds what a head names: "Ed Wood" in "Document [3](Title: Ed Wood (film))",
// and what it adds in brackets, "film".
func title(text string, head span) (name, also span) {
	name = head
	cut(text, &name, "](", "Title:", "#")
	for name.start < name.end && strings.IndexByte(" #:\n", text[name.start]) >= 0 {
		name.start++
	}
	for name.end > name.start && strings.IndexByte(" \n\r", text[name.end-1]) >= 0 {
		name.end--
	}
	if text[head.start:name.start] != "" && strings.Contains(text[head.start:name.start], "(") {
		name.end = max(name.start, name.end-1)
	}
	also = span{name.end, name.end}
	if open := strings.LastIndex(name.of(text), " ("); open > 0 && strings.HasSuffix(name.of(text), ")") {
		also.start = name.start + open
		name.end = also.start
	}
	return name, also
}

// cut moves a span's beginning behind each of the signs that it holds.
func cut(text string, s *span, signs ...string) {
	for _, sign := range signs {
		if i := strings.Index(s.of(text), sign); i >= 0 {
			s.start += i + len(sign)
		}
	}
}
