package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

type nqRow struct {
	Question string
	Answers  []string
	Ctxs     []struct{ Title, Text string }
}

const nqPassages = 20

// nq are questions beside their gold passage and the 19 passages of other
// questions that BM25 finds nearest and that hold no answer, the gold one at a
// place drawn with a fixed seed.
func nq(data string) ([]kase, error) {
	rows, err := readLines[nqRow](data, "nq-open/nq-open-oracle.jsonl")
	if err != nil {
		return nil, err
	}
	return nqCases(rows), nil
}

func nqCases(rows []nqRow) []kase {
	texts := make([]string, len(rows))
	for i, r := range rows {
		texts[i] = r.Ctxs[0].Title + " " + r.Ctxs[0].Text
	}
	near := newIndex(texts)
	rng := rand.New(rand.NewPCG(7, 20))
	var all []kase
	for i, r := range rows {
		chosen := distractors(near.best(r.Question), i, r.Answers, texts)
		chosen = slices.Insert(chosen, rng.IntN(len(chosen)+1), i)
		var docs []document
		for n, at := range chosen {
			c := rows[at].Ctxs[0]
			docs = append(docs, document{fmt.Sprintf("Document [%d](Title: %s) ", n+1, c.Title), sentences(c.Text + "\n")})
		}
		all = append(all, newCase(docs, r.Question, holdsAny(r.Answers)))
	}
	return all
}

func distractors(ranked []int, gold int, answers, texts []string) []int {
	var all []int
	for _, at := range ranked {
		if at != gold && texts[at] != texts[gold] && holdsAny(answers)(texts[at]) == 0 {
			all = append(all, at)
		}
		if len(all) == nqPassages-1 {
			break
		}
	}
	return all
}

func holdsAny(answers []string) func(string) float64 {
	return func(out string) float64 {
		out = plain(out)
		for _, a := range answers {
			if strings.Contains(out, plain(a)) {
				return 1
			}
		}
		return 0
	}
}
