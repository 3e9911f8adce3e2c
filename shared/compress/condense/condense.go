// Package condense shortens texts whose form says what may go: logs, stack traces,
// diffs, JSON and source code. Each function is pure and deterministic, answers
// with its input when it finds nothing to gain, and says what it cut where it cut
// it. What a text is, and whether it may be touched, is decided by package
// compress.
package condense

import "strings"

// lines cuts a text into lines without their ends.
func lines(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// shorter returns made if it is shorter than text, else text.
func shorter(made, text string) string {
	if len(made) < len(text) {
		return made
	}
	return text
}
