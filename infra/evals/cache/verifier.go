package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// judged counts what the verifier says of pairs of answers.
type judged struct {
	name              string
	different, missed int // pairs that differ, and those it called the same
	same, strict      int // pairs that agree, and those it called different
	took              time.Duration
}

func (j *judged) see(a, b string, same bool) {
	begin := time.Now()
	said := semcache.Verify(a, b)
	j.took += time.Since(begin)
	if same {
		j.same++
		if !said {
			j.strict++
		}
		return
	}
	j.different++
	if said {
		j.missed++
	}
}

// verifier prints the errors of the production comparer and returns them: the
// upper end of the interval of misses. No model's answers stand in the data, so
// three kinds of texts stand for them: pairs that differ in one fact, written to
// deceive (the hardest case), short answers with their other spellings, and
// passages beside passages about the same question.
func verifier(w io.Writer, data string) (errors, error) {
	facts, err := judgePairs(data)
	if err != nil {
		return errors{}, err
	}
	short, passages, err := judgeAnswers(filepath.Join(data, "nq-open", "nq-open-oracle.jsonl"))
	if err != nil {
		return errors{}, err
	}
	fmt.Fprintf(w, "the verifier's own error\n%-46s %28s %28s %10s\n", "texts", "different, called the same", "same, called different", "us a pair")
	for _, j := range []*judged{facts, short, passages} {
		n := j.different + j.same
		fmt.Fprintf(w, "%-46s %28s %28s %10.1f\n", fmt.Sprintf("%s (%d)", j.name, n), proportion(j.missed, j.different),
			proportion(j.strict, j.same), j.took.Seconds()*1e6/float64(n))
	}
	fmt.Fprintln(w)
	return errors{miss: semcache.UpperBound(facts.missed, facts.different, 0.975), strict: float64(facts.strict) / float64(facts.same)}, nil
}

func judgePairs(data string) (*judged, error) {
	j := &judged{name: "pairs of cache-pairs, one fact changed or none"}
	for _, f := range []string{"checklist.jsonl", "blindspots.jsonl"} {
		all, err := readPairs(filepath.Join(data, "cache-pairs", f))
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			j.see(p.A, p.B, p.Label == 1)
		}
	}
	return j, nil
}

// judgeAnswers compares accepted answers of one question with each other and with
// the next question's, and gold passages likewise.
func judgeAnswers(path string) (short, passages *judged, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	short, passages = &judged{name: "accepted short answers of nq-open"}, &judged{name: "passages of nq-open"}
	var lastAnswer, lastPassage string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var row struct {
			Answers []string
			Ctxs    []struct{ Text string }
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", path, err)
		}
		if len(row.Answers) == 0 || len(row.Ctxs) == 0 {
			continue
		}
		for _, other := range row.Answers[1:] {
			short.see(row.Answers[0], other, true)
		}
		if lastAnswer != "" {
			short.see(row.Answers[0], lastAnswer, false)
			passages.see(row.Ctxs[0].Text, lastPassage, false)
		}
		passages.see(row.Ctxs[0].Text, row.Ctxs[0].Text, true)
		lastAnswer, lastPassage = row.Answers[0], row.Ctxs[0].Text
	}
	return short, passages, lines.Err()
}
