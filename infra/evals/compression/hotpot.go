package main

import (
	"strings"
)

type hotpotRow struct {
	Question string
	Facts    struct {
		Title []string
		Sent  []int `json:"sent_id"`
	} `json:"supporting_facts"`
	Context struct {
		Title     []string
		Sentences [][]string
	}
}

// hotpot are questions that need sentences of two of ten passages.
func hotpot(data string) ([]kase, error) {
	rows, err := readWhole[hotpotRow](data, "hotpotqa/hotpot_dev_distractor.json")
	if err != nil {
		return nil, err
	}
	var all []kase
	for _, r := range rows {
		var docs []document
		gold := map[string][]string{}
		for i, title := range r.Context.Title {
			parts := append([]string(nil), r.Context.Sentences[i]...)
			gold[title] = r.Context.Sentences[i]
			if n := len(parts); n > 0 {
				parts[n-1] += "\n\n"
			}
			docs = append(docs, document{title + "\n", parts})
		}
		var needed []string
		for i, title := range r.Facts.Title {
			if n := r.Facts.Sent[i]; n < len(gold[title]) {
				needed = append(needed, plain(gold[title][n]))
			}
		}
		all = append(all, newCase(docs, r.Question, holdsAll(needed)))
	}
	return all, nil
}

// holdsAll is 1 when all is kept, and else 0: half of the evidence is none.
func holdsAll(needed []string) func(string) float64 {
	return func(out string) float64 {
		out = plain(out)
		for _, s := range needed {
			if !strings.Contains(out, s) {
				return 0
			}
		}
		return 1
	}
}
