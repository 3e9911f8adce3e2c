package semcache

import "strings"

// order lists the words that mean something as an active clause has them:
// "is the car needed by Jordan" is read as "Jordan need the car".
func (t *Text) order() {
	for i := range t.words {
		if t.words[i].means() {
			t.content = append(t.content, i)
		}
	}
	by, ok := t.passive()
	if !ok {
		return
	}
	t.joined = true
	verb := by - 1
	end := t.agentEnd(by + 1)
	start := t.clauseStart(verb)
	active := make([]int, 0, len(t.content))
	active = t.between(active, 0, start)
	active = t.between(active, by+1, end)
	active = t.between(active, verb, verb+1)
	active = t.between(active, start, verb)
	t.content = t.between(active, end, len(t.words))
	for i := by + 1; i < end; i++ {
		t.words[i].governor = ""
	}
}

// means says that a word counts: a content word, a quantity, or a small word that
// has an opposite ("before").
func (w *word) means() bool {
	return w.kind&(function|filler) == 0 || w.opposite != 0 && w.kind&(negator|more|less|filler) == 0
}

// optional words are compared only with their opposites.
func (w *word) optional() bool { return w.kind&(function|filler|opinion) != 0 }

// passive finds "by" behind a participle behind a form of "to be".
func (t *Text) passive() (by int, ok bool) {
	seen := false
	for i := 1; i < len(t.words); i++ {
		seen = seen || t.words[i-1].kind&be != 0
		if w := &t.words[i-1]; seen && t.words[i].form == "by" && w.kind&function == 0 &&
			(w.kind&participle != 0 || strings.HasSuffix(w.form, "ed")) {
			return i, true
		}
	}
	return 0, false
}

// agentEnd is where the noun phrase that begins at i ends.
func (t *Text) agentEnd(i int) int {
	content := false
	for ; i < len(t.words); i++ {
		w := &t.words[i]
		if w.stop && content || w.kind&function != 0 && (content || w.kind&article == 0 && w.kind&iam == 0) {
			return i
		}
		content = content || w.means()
	}
	return i
}

// clauseStart is where the clause of the verb begins.
func (t *Text) clauseStart(verb int) int {
	for i := verb; i > 0; i-- {
		if t.words[i].stop {
			return i
		}
	}
	return 0
}

func (t *Text) between(out []int, from, to int) []int {
	for i := from; i < to; i++ {
		if t.words[i].means() {
			out = append(out, i)
		}
	}
	return out
}
