// Package compresstest draws texts and conversations as prompts hold them, for
// property tests of compression.
package compresstest

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/compress"
)

// Seeds are texts of every form.
var Seeds = []string{
	"",
	"Document [1](Title: Cape (film)) The ship sailed in 1488. It was led by Dr. B. Dias.\nDocument [2](Title: Other) Nothing here.\n",
	"A: hello\nB: the ship?\nA: yes\nB: when\nA: 1488\nB: who\nA: Dias\n",
	"{\"a\": [{\"x\": 1, \"y\": null}, {\"x\": 2, \"y\": \"\"}, {\"x\": 3, \"y\": {}}]}",
	"2026-01-02 10:11:12 INFO a\n2026-01-02 10:11:13 ERROR b 17\n2026-01-02 10:11:14 INFO a\n2026-01-02 10:11:15 INFO a\n",
	"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n a\n b\n c\n d\n-e\n+f\n g\n h\n i\n j\n",
	"Traceback (most recent call last):\n  File \"/usr/lib/python3/x.py\", line 1, in a\n    b()\n  File \"/app/y.py\", line 2, in b\n    c()\nValueError: no\n",
	"```python\ndef f(x):\n    return x\n\n\ndef g(y):\n    return y\n```\n<keep>this   stays</keep>",
	"| a | b |\n|---|---|\n| 1 | 2 |\n",
	"def f(a):\n    return a\n\n@x\ndef g(b):\n    return b\n",
}

var nouns = strings.Fields("ship captain cape voyage kingdom harbour treaty king map wind crew island trade year river church school engine paper court")

// Text draws a text of one to three parts of different forms.
func Text(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(1, 3).Draw(t, "parts") {
		b.WriteString(part(t))
		b.WriteString(rapid.SampledFrom([]string{"\n", "\n\n", "\n\n\n\n"}).Draw(t, "gap"))
	}
	return b.String()
}

func part(t *rapid.T) string {
	n := rapid.IntRange(1, 16).Draw(t, "size")
	var b strings.Builder
	switch rapid.IntRange(0, 6).Draw(t, "form") {
	case 0:
		b.WriteString(rapid.SampledFrom(Seeds).Draw(t, "seed"))
	case 1:
		for i := range n {
			fmt.Fprintf(&b, "2026-01-02 10:%02d:00 %s worker %d: took %d ms\n", i, rapid.SampledFrom([]string{"INFO", "INFO", "INFO", "ERROR"}).Draw(t, "level"), i%3, i*7)
		}
	case 2:
		b.WriteString("[")
		for i := range n {
			fmt.Fprintf(&b, "%s\n  {\"id\": %d, \"name\": %q, \"self\": \"https://example.org/%d\"}", strings.Repeat(",", min(i, 1)), i, word(t), i)
		}
		b.WriteString("\n]")
	case 3:
		fmt.Fprintf(&b, "Document [%d](Title: %s) ", n, word(t))
		fallthrough
	default:
		for range n {
			fmt.Fprintf(&b, "The %s of the %s met a %s in %d. ", word(t), word(t), word(t), rapid.IntRange(1400, 2000).Draw(t, "year"))
		}
	}
	return b.String()
}

func word(t *rapid.T) string { return rapid.SampledFrom(nouns).Draw(t, "word") }

// Turn draws what is added to a conversation before it is sent again: what the
// model said last and the tools' answers, or the user's next message.
func Turn(t *rapid.T) []compress.Message {
	answer := compress.Message{Role: compress.Assistant, Text: Text(t)}
	if rapid.Bool().Draw(t, "tools") {
		turn := []compress.Message{answer}
		for range rapid.IntRange(1, 3).Draw(t, "answers") {
			turn = append(turn, compress.Message{Role: compress.Tool, Text: Text(t)})
		}
		return turn
	}
	return []compress.Message{answer, {Role: compress.User, Text: Text(t) + "\n\nWhat did the " + word(t) + " do?"}}
}
