package main

import (
	"math/rand/v2"
	"regexp"
	"strings"
)

var sentencePattern = regexp.MustCompile(`[^.!?]+(?:[.!?]+["')\]]*)?\s*`)

// sentences is how the baselines cut: simple, and not the code that is measured.
func sentences(text string) []string {
	all := sentencePattern.FindAllString(text, -1)
	if len(all) == 0 {
		return []string{text}
	}
	return all
}

// method makes a text of at most budget tokens.
type method struct {
	name string
	run  func(k kase, budget int) string
}

const byDocuments = "documents by BM25"

var baselines = []method{
	{"random parts", randomParts},
	{byDocuments, documentsByBM25},
	{"parts by BM25", partsByBM25},
	{"stop-word pruning", withoutStopWords},
}

// place is a part of a document.
type place struct{ doc, part int }

func (k kase) places() (all []place, texts []string) {
	for d, doc := range k.docs {
		for p, part := range doc.parts {
			all, texts = append(all, place{d, p}), append(texts, part)
		}
	}
	return all, texts
}

func randomParts(k kase, budget int) string {
	all, _ := k.places()
	return k.take(all, rand.New(rand.NewPCG(1, uint64(k.tokens))).Perm(len(all)), budget)
}

func partsByBM25(k kase, budget int) string {
	all, texts := k.places()
	return k.take(all, newIndex(texts).best(k.question), budget)
}

// take keeps parts in their order, the first of order that fit; heads are paid.
func (k kase) take(all []place, order []int, budget int) string {
	keep, open := map[place]bool{}, map[int]bool{}
	for _, i := range order {
		price := count(k.docs[all[i].doc].parts[all[i].part])
		if !open[all[i].doc] {
			price += count(k.docs[all[i].doc].head)
		}
		if price <= budget {
			budget -= price
			keep[all[i]], open[all[i].doc] = true, true
		}
	}
	var b strings.Builder
	for d, doc := range k.docs {
		if !open[d] {
			continue
		}
		b.WriteString(doc.head)
		for p, part := range doc.parts {
			if keep[place{d, p}] {
				b.WriteString(part)
			}
		}
	}
	return b.String()
}

func documentsByBM25(k kase, budget int) string {
	var texts []string
	for _, d := range k.docs {
		texts = append(texts, d.String())
	}
	keep := make([]bool, len(texts))
	for _, i := range newIndex(texts).best(k.question) {
		if n := count(texts[i]); n <= budget {
			budget -= n
			keep[i] = true
		}
	}
	var b strings.Builder
	for i, text := range texts {
		if keep[i] {
			b.WriteString(text)
		}
	}
	return b.String()
}

var stopPattern = regexp.MustCompile(`(?i)\b(a|an|the|of|in|on|at|by|for|with|from|to|and|or|but|is|are|was|were|be|been|it|its|this|that|these|those|as|which|who|he|she|they|his|her|their|had|has|have)\b ?`)

func withoutStopWords(k kase, _ int) string { return stopPattern.ReplaceAllString(k.text, "") }
