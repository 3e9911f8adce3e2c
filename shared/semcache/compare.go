package semcache

// Comparison is what two texts have in common and what not.
type Comparison struct {
	Found  Findings
	Alone  []uint32 // words of meaning without a counterpart, of both texts; hashes
	Shared []uint32 // words of meaning that both have
}

// Compare finds what differs between two questions that could change the answer.
// It aligns words of meaning first as they are, then as synonyms, typing errors,
// opposites and negated forms; what stays alone is a difference. Polarity is
// counted: "not polite" and "rude" agree.
func Compare(a, b *Text) Comparison {
	if a.long || b.long {
		return Comparison{Found: Long}
	}
	p := pairing{a: a, b: b}
	p.align()
	if slip := transposed(a.plain, b.plain); slip {
		return p.slipped()
	}
	c := Comparison{Found: p.found}
	p.lonely(&c)
	c.Found |= p.polarity() | p.places() | small(a, b)
	return c
}

// pairing is an alignment in the making. match[i] is the position in b.content
// of the partner of a.content[i], or -1.
type pairing struct {
	a, b  *Text
	match []int16
	used  []bool
	flips int // graded opposites among the pairs

	found Findings
}

func (p *pairing) left(i int) *word  { return &p.a.words[p.a.content[i]] }
func (p *pairing) right(j int) *word { return &p.b.words[p.b.content[j]] }

func (p *pairing) align() {
	n, m := len(p.a.content), len(p.b.content)
	p.match, p.used = make([]int16, n), make([]bool, m)
	from := 0
	for i := range n {
		p.match[i] = -1
		for step := range m { // the words after the last partner come first: order is mostly kept
			j := from + step
			if j >= m {
				j -= m
			}
			if !p.used[j] && p.left(i).id == p.right(j).id {
				p.join(i, j)
				from = j + 1
				break
			}
		}
	}
	p.near()
}

func (p *pairing) join(i, j int) { p.match[i], p.used[j] = int16(j), true }

// near pairs what is left by opposites, negated forms and typing errors.
func (p *pairing) near() {
	for i := range p.match {
		if p.match[i] >= 0 {
			continue
		}
		for j := range p.used {
			if !p.used[j] && p.alike(p.left(i), p.right(j)) {
				p.join(i, j)
				break
			}
		}
	}
}

// alike says whether two different words are partners, and notes what that means.
func (p *pairing) alike(x, y *word) bool {
	switch {
	case x.opposite != 0 && x.opposite == -y.opposite:
		if x.kind&y.kind&graded != 0 {
			p.flips++
		} else {
			p.found |= Opposite
		}
		return true
	case x.optional() || y.optional():
		return false
	case negated(x.form, y.form) || negated(y.form, x.form) || negated(x.stem, y.stem) || negated(y.stem, x.stem):
		p.flips++
		return true
	case contrary(x.stem, y.stem):
		p.found |= Opposite
		return true
	}
	return misspelt(x, y)
}

// lonely reports the words that stayed alone.
func (p *pairing) lonely(c *Comparison) {
	for i, j := range p.match {
		if j >= 0 {
			c.Shared = append(c.Shared, p.left(i).id)
		} else if w := p.left(i); !w.optional() && !p.compound(p.a, i, p.b) {
			p.reportAlone(c, w)
		}
	}
	for j, used := range p.used {
		if w := p.right(j); !used && !w.optional() && !p.compound(p.b, j, p.a) {
			p.reportAlone(c, w)
		}
	}
}

func (p *pairing) reportAlone(c *Comparison, w *word) {
	c.Alone = append(c.Alone, w.id)
	switch {
	case w.kind&number != 0:
		c.Found |= Number
	case w.kind&entity != 0:
		c.Found |= Name
	default:
		c.Found |= Meaning
	}
}

// compound says that the word and a neighbour are one word on the other side
// ("every day", "everyday"), or two of them are this one.
func (p *pairing) compound(t *Text, i int, other *Text) bool {
	at := t.content[i]
	w := &t.words[at]
	if w.kind&number != 0 {
		return false
	}
	for k := range other.words {
		form := other.words[k].form
		if at+1 < len(t.words) && form == w.form+t.words[at+1].form || at > 0 && form == t.words[at-1].form+w.form ||
			k+1 < len(other.words) && w.form == form+other.words[k+1].form {
			return true
		}
	}
	return false
}

// polarity compares how often the meaning is turned round.
func (p *pairing) polarity() Findings {
	turns := p.a.negations + p.b.negations + p.flips
	if p.a.degrees > 0 && p.b.degrees > 0 {
		turns += p.a.fewer + p.b.fewer
	}
	if turns%2 != 0 {
		return Negation
	}
	return 0
}

// slipped is the result for two texts that are one but for a slip of the finger.
func (p *pairing) slipped() Comparison {
	var c Comparison
	for i := range p.a.content {
		c.Shared = append(c.Shared, p.left(i).id)
	}
	return c
}

// small compares what the small words say.
func small(a, b *Text) (f Findings) {
	if a.genders != b.genders {
		f |= Gender
	}
	if a.tenses != 0 && b.tenses != 0 && a.tenses&b.tenses == 0 {
		f |= Tense
	}
	if a.modality != 0 && b.modality != 0 && a.modality&b.modality == 0 {
		f |= Modality
	}
	if a.asks != 0 && b.asks != 0 && a.asks&b.asks == 0 {
		f |= Asks
	}
	if (a.degrees == 0) != (b.degrees == 0) {
		f |= Degree
	}
	if a.joins[0] > b.joins[0] && a.joins[1] < b.joins[1] || a.joins[0] < b.joins[0] && a.joins[1] > b.joins[1] {
		f |= Choice
	}
	return f
}
