package main

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"
)

// index is plain BM25 (k1 1.2, b 0.75) over texts: it builds the cases and is the
// baseline.
type index struct {
	tf     []map[string]float64
	df     map[string]float64
	length []float64
	mean   float64
}

var wordPattern = regexp.MustCompile(`[\pL\pN]+`)

func terms(text string) []string { return wordPattern.FindAllString(strings.ToLower(text), -1) }

func newIndex(texts []string) *index {
	x := &index{df: map[string]float64{}}
	for _, text := range texts {
		tf := map[string]float64{}
		n := 0.
		for _, t := range terms(text) {
			tf[t]++
			n++
		}
		for t := range tf {
			x.df[t]++
		}
		x.tf, x.length = append(x.tf, tf), append(x.length, n)
		x.mean += n / float64(len(texts))
	}
	return x
}

// scores returns the score of each text for a question.
func (x *index) scores(question string) []float64 {
	all := make([]float64, len(x.tf))
	for _, t := range terms(question) {
		df := x.df[t]
		if df == 0 {
			continue
		}
		idf := math.Log(1 + (float64(len(x.tf))-df+.5)/(df+.5))
		for i, tf := range x.tf {
			if f := tf[t]; f > 0 {
				all[i] += idf * f * 2.2 / (f + 1.2*(.25+.75*x.length[i]/x.mean))
			}
		}
	}
	return all
}

// best returns all texts, the best first.
func (x *index) best(question string) []int {
	return descending(x.scores(question))
}

func descending(scores []float64) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(scores[j], scores[i]) })
	return order
}
