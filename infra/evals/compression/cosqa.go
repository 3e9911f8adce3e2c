package main

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
)

type beirRow struct {
	ID   string `json:"_id"`
	Text string
}

const cosqaFunctions = 20

// cosqa are questions beside the function that answers them and 19 others, drawn
// with a fixed seed.
func cosqa(data string) ([]kase, error) { return cosqaCases(data, false) }

// cosqaNearest has the 19 that BM25 finds nearest beside it.
func cosqaNearest(data string) ([]kase, error) { return cosqaCases(data, true) }

func cosqaCases(data string, nearest bool) ([]kase, error) {
	corpus, err := readLines[beirRow](data, "ir-cosqa/corpus.jsonl")
	if err != nil {
		return nil, err
	}
	queries, err := readLines[beirRow](data, "ir-cosqa/queries.jsonl")
	if err != nil {
		return nil, err
	}
	gold, err := readPairs(filepath.Join(data, "ir-cosqa/qrels.tsv"))
	if err != nil {
		return nil, err
	}
	texts, at := make([]string, len(corpus)), map[string]int{}
	for i, c := range corpus {
		texts[i], at[c.ID] = strings.ReplaceAll(c.Text, "_", " "), i
	}
	near := newIndex(texts)
	rng := rand.New(rand.NewPCG(7, 20))
	var all []kase
	for _, q := range queries {
		g, ok := at[gold[q.ID]]
		if !ok {
			continue
		}
		ranked := rng.Perm(len(corpus))
		if nearest {
			ranked = near.best(q.Text)
		}
		chosen := slices.DeleteFunc(ranked[:cosqaFunctions], func(i int) bool { return i == g })[:cosqaFunctions-1]
		chosen = slices.Insert(chosen, rng.IntN(len(chosen)+1), g)
		var docs []document
		for _, i := range chosen {
			docs = append(docs, document{"", []string{strings.TrimSpace(corpus[i].Text) + "\n\n"}})
		}
		all = append(all, newCase(docs, q.Text, holdsText(strings.TrimSpace(corpus[g].Text))))
	}
	return all, nil
}

func holdsText(needed string) func(string) float64 {
	return func(out string) float64 {
		if strings.Contains(out, needed) {
			return 1
		}
		return 0
	}
}
