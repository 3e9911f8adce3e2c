package compress

import "strings"

// longestAsk is how long a paragraph of a message may be, in bytes, to be taken
// for the question or the instruction in it.
const longestAsk = 600

// ask parts a user's message into its question and the material that it is about.
// The first and the last paragraph are what people ask with; both stay, and
// together they are the question. A message without material is all question.
func ask(text string) (before, material, after, question string) {
	if short(text) {
		return text, "", "", strings.TrimSpace(text)
	}
	all := blocks(text)
	first, last := 0, len(all)
	if last > 1 && short(all[last-1]) {
		last--
	}
	if first < last-1 && short(all[first]) && !titled(all[first]) {
		first++
	}
	before, after = strings.Join(all[:first], ""), strings.Join(all[last:], "")
	material = strings.Join(all[first:last], "")
	question = strings.TrimSpace(before + "\n" + after)
	if question == "" {
		question = inline(material)
	}
	return before, material, after, question
}

// blocks cuts at blank lines, fences kept whole.
func blocks(text string) []string {
	var all []string
	for _, s := range regions(text) {
		if s.Protected || s.Kind == Fence {
			all = append(all, s.Text)
			continue
		}
		for _, p := range paragraphs(s.Text) {
			all = append(all, p.Text)
		}
	}
	return all
}

func short(paragraph string) bool { return len(strings.TrimSpace(paragraph)) <= longestAsk }

// titled reports whether a paragraph begins as a document does.
func titled(paragraph string) bool {
	return strings.HasPrefix(paragraph, "Document [") || strings.HasPrefix(paragraph, "[1]") || strings.HasPrefix(paragraph, "Title:") || strings.HasPrefix(paragraph, "#")
}

// inline finds a question in a text of one paragraph: its last line, if that asks.
func inline(text string) string {
	text = strings.TrimSpace(text)
	line := text[strings.LastIndexByte(text, '\n')+1:]
	if strings.HasSuffix(line, "?") && len(line) <= longestAsk && len(line) < len(text) {
		return line
	}
	return ""
}
