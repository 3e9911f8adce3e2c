package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// unasked are words that no identifier of a question is.
var unasked = regexp.MustCompile(`(?i)\b(a|an|the|of|in|on|at|by|for|with|from|to|and|or|is|are|this|that|how|what|do|does|can|you|i|it|using|use|python|not|if|my)\b`)

// identifiers prints how much of the question's own words that stand in the code
// still stand in what was kept, and whether code was kept by whole functions only,
// so that what parsed still does.
func (s set) identifiers(w io.Writer, all []kase) {
	had, kept, whole := 0, 0, 0
	for _, k := range all {
		out := s.compressed(3)(k, 0)
		in, low := strings.ToLower(k.text), strings.ToLower(out)
		for _, t := range terms(unasked.ReplaceAllString(k.question, "")) {
			if len(t) > 2 && strings.Contains(in, t) {
				had++
				if strings.Contains(low, t) {
					kept++
				}
			}
		}
		if isWhole(k, out) {
			whole++
		}
	}
	fmt.Fprintf(w, "  the question's words kept at 3x: %.3f; code kept by whole functions: %d of %d\n", float64(kept)/float64(max(had, 1)), whole, len(all))
}

// isWhole reports whether out is functions of the case and comments, nothing else.
func isWhole(k kase, out string) bool {
	_, texts := k.places()
	for _, text := range texts {
		out = strings.Replace(out, strings.TrimSpace(text), "", 1)
	}
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}
