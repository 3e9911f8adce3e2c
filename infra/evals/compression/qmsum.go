package main

import (
	"fmt"
	"strconv"
	"strings"
)

type qmsumRow struct {
	Queries []struct {
		Query string
		Spans [][]string `json:"relevant_text_span"`
	} `json:"specific_query_list"`
	Turns []struct{ Speaker, Content string } `json:"meeting_transcripts"`
}

// qmsum are meetings with what is asked of them, and the turns that say it.
func qmsum(data string) ([]kase, error) {
	rows, err := readLines[qmsumRow](data, "qmsum/test.jsonl")
	if err != nil {
		return nil, err
	}
	var all []kase
	for _, r := range rows {
		var turns []string
		for _, t := range r.Turns {
			turns = append(turns, fmt.Sprintf("%s: %s\n", t.Speaker, strings.Join(strings.Fields(t.Content), " ")))
		}
		for _, q := range r.Queries {
			if kept := holdsTurns(turns, q.Spans); kept != nil {
				all = append(all, newCase([]document{{"", turns}}, q.Query, kept))
			}
		}
	}
	return all, nil
}

// holdsTurns is the share of the turns within the spans that are kept whole.
func holdsTurns(turns []string, spans [][]string) func(string) float64 {
	var gold []string
	for _, s := range spans {
		from, _ := strconv.Atoi(s[0])
		to, _ := strconv.Atoi(s[len(s)-1])
		for i := from; i <= to && i < len(turns); i++ {
			gold = append(gold, turns[i])
		}
	}
	if len(gold) == 0 {
		return nil
	}
	return func(out string) float64 {
		lines := map[string]int{}
		for line := range strings.Lines(out) {
			lines[strings.TrimPrefix(line, "… ")]++
		}
		kept := 0
		for _, g := range gold {
			if lines[g] > 0 {
				kept++
			}
		}
		return float64(kept) / float64(len(gold))
	}
}
