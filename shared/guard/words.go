package guard

// sentence is the words around a place, lower-cased, as far as a rule looks.
type sentence struct {
	text  [320]byte
	words [28]struct{ from, to int16 }
	n     int
	k     int // the word in the middle
	start int // offset of the word in the middle
	end   int // offset behind the last word
}

const (
	wordsBefore = 11
	wordsAfter  = 12
	reach       = 130 // bytes to either side
)

// around reads the words around the one that stands at j. Whatever is no letter
// divides words, so punctuation and blanks between them do not matter.
func (v *view) around(j int) (s sentence) {
	from := j
	for n := 0; from > v.lo && j-from < reach; from-- {
		if !isLetter(v.at(from-1)) && isLetter(v.at(from)) {
			if n++; n > wordsBefore {
				break
			}
		}
	}
	s.start, s.k = j, -1
	used, last := 0, false
	for p := from; p < j+reach; p++ {
		c := v.at(p)
		if c == 0 {
			break
		}
		if !isLetter(c) && !(c == '\'' && last) {
			last = false
			continue
		}
		if !last {
			if s.n == len(s.words) || s.k >= 0 && s.n-s.k > wordsAfter {
				break
			}
			s.words[s.n].from = int16(used) //nolint:gosec // below 320
			s.n++
			if p >= j && s.k < 0 {
				s.k = s.n - 1
			}
			last = true
		}
		if c != '\'' {
			s.text[used] = c | 0x20
			used++
		}
		s.words[s.n-1].to = int16(used) //nolint:gosec // below 320
		s.end = p + 1
	}
	if s.k < 0 {
		s.k = max(s.n-1, 0)
	}
	return s
}

// word returns the i-th word, nil outside.
func (s *sentence) word(i int) []byte {
	if i < 0 || i >= s.n {
		return nil
	}
	return s.text[s.words[i].from:s.words[i].to]
}

// is reports whether the i-th word is one of a set.
func (s *sentence) is(i int, set map[string]bool) bool { return set[string(s.word(i))] }

// any returns the first place from from up to to, both included, whose word is
// of a set, or -1.
func (s *sentence) any(from, to int, set map[string]bool) int {
	for i := max(from, 0); i <= to && i < s.n; i++ {
		if s.is(i, set) {
			return i
		}
	}
	return -1
}

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range split(s) {
		out[string(w)] = true
	}
	return out
}
