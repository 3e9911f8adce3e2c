package main

import (
	"strings"

	"github.com/d-coder-ai/dcoder/shared/token/exact"
)

// kase is one text with a question, and what of it must not be lost.
type kase struct {
	docs     []document
	question string
	text     string // the documents as a prompt would hold them
	tokens   int
	kept     func(out string) float64 // share of what is needed that out still has
}

// document is the unit of retrieval; its parts are sentences, turns or functions.
type document struct {
	head  string
	parts []string
}

func (d document) String() string { return d.head + strings.Join(d.parts, "") }

func newCase(docs []document, question string, kept func(string) float64) kase {
	var b strings.Builder
	for _, d := range docs {
		b.WriteString(d.String())
	}
	return kase{docs: docs, question: question, text: b.String(), tokens: count(b.String()), kept: kept}
}

func count(text string) int { return exact.O200k().Count(text) }

// plain makes two writings of the same words equal.
func plain(text string) string { return strings.Join(strings.Fields(strings.ToLower(text)), " ") }
