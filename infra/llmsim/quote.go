package llmsim

import (
	"math"
	"strings"
	"unicode"
)

// bestSentence returns the sentence of the context (system and earlier
// messages, and what stands before the question) that fits the question best by
// BM25 (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009), or
// "" when none shares a word that matters.
func bestSentence(q *ask) string {
	question, before := q.question()
	want := contentWords(question)
	if len(want) == 0 {
		return ""
	}
	sentences := contextSentences(q, before)
	scores := bm25(sentences, want)
	best, at := 0.0, -1
	for i, s := range scores {
		if s > best {
			best, at = s, i
		}
	}
	if at < 0 {
		return ""
	}
	return sentences[at]
}

// maxContext bounds what is searched, in bytes; the rest is the model's
// forgotten middle.
const maxContext = 1 << 20

func contextSentences(q *ask, before string) []string {
	var out []string
	size := 0
	last := len(q.turns) - 1
	for last >= 0 && q.turns[last].role != "user" {
		last--
	}
	for i, t := range q.turns {
		text := t.text
		if i == last {
			text = before
		}
		if size += len(text); size > maxContext {
			break
		}
		out = append(out, sentences(text)...)
	}
	return out
}

// sentences splits at line ends and after '.', '!' and '?' that white space
// follows. Questions are left out: they answer nothing.
func sentences(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		start := 0
		for i := 0; i < len(line); i++ {
			end := strings.IndexByte(".!?", line[i]) >= 0 && (i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\n')
			if end || i == len(line)-1 {
				if t := strings.TrimSpace(line[start : i+1]); t != "" && !strings.HasSuffix(t, "?") {
					out = append(out, t)
				}
				start = i + 1
			}
		}
	}
	return out
}

// bm25 scores every text against the words, with k1 = 1.2 and b = 0.75.
func bm25(texts []string, want map[string]bool) []float64 {
	const k1, b = 1.2, 0.75
	tf := make([]map[string]int, len(texts))
	df := map[string]int{}
	lengths, total := make([]int, len(texts)), 0
	for i, t := range texts {
		tf[i] = map[string]int{}
		for _, w := range words(t) {
			lengths[i]++
			if w = stem(w); want[w] {
				if tf[i][w]++; tf[i][w] == 1 {
					df[w]++
				}
			}
		}
		total += lengths[i]
	}
	mean := float64(max(total, 1)) / float64(max(len(texts), 1))
	scores := make([]float64, len(texts))
	for i := range texts {
		for w, n := range tf[i] {
			idf := math.Log(1 + (float64(len(texts)-df[w])+0.5)/(float64(df[w])+0.5))
			f := float64(n)
			scores[i] += idf * f * (k1 + 1) / (f + k1*(1-b+b*float64(lengths[i])/mean))
		}
	}
	return scores
}

// words splits s into lower-case words of letters and digits.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// contentWords returns the stems of the words that carry meaning.
func contentWords(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range words(s) {
		if !stopWords[w] {
			out[stem(w)] = true
		}
	}
	return out
}

// stem strips the commonest English endings.
func stem(w string) string {
	for _, end := range []string{"ing", "ed", "es", "s"} {
		if t, ok := strings.CutSuffix(w, end); ok && len(t) >= 3 {
			return t
		}
	}
	return w
}

var stopWords = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a an and are as at be been but by can could did do does for from had has have how i in is it its
		me my of on or our please say should tell that the their them there they this to us was we were what when where which who whom whose why will with would you your`) {
		m[w] = true
	}
	return m
}()
