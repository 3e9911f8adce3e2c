package semcache

// places looks for words that changed their places: subject and object, origin
// and destination.
func (p *pairing) places() Findings {
	alike := p.symmetric()
	if !alike && p.governed() {
		return Role
	}
	i, k, ok := p.swap()
	if !ok || alike || p.coordinated(i, k) {
		return 0
	}
	if p.between(i, k) {
		return Role
	}
	if p.a.adjacent(p.a.content[i], p.a.content[k]) != p.b.adjacent(p.b.content[p.match[i]], p.b.content[p.match[k]]) {
		return 0 // "a cautious person", "a person who is cautious"
	}
	return Order
}

func (t *Text) adjacent(x, y int) bool { return x-y == 1 || y-x == 1 }

// symmetric says that a relation which is alike from both sides stands in both
// texts: "married to", "close to".
func (p *pairing) symmetric() bool {
	for i, j := range p.match {
		if j >= 0 && p.left(i).kind&symmetric != 0 {
			return true
		}
	}
	return false
}

// governed says whether two words exchanged the prepositions that govern them,
// or one fell under the opposite of its own.
func (p *pairing) governed() bool {
	for i, j := range p.match {
		if j < 0 {
			continue
		}
		x, y := p.left(i).governor, p.right(int(j)).governor
		if x == y {
			continue
		}
		if x == "to" && y == "from" || x == "from" && y == "to" {
			return true
		}
		if directed(x) && p.taken(i, x, y) {
			return true
		}
	}
	return false
}

func directed(g string) bool { return g != "" && lexicon()[g].kind&direction != 0 }

// taken says whether another word stands under the governor in b that i has in a,
// without having it in a.
func (p *pairing) taken(i int, governor, now string) bool {
	for k, j := range p.match {
		if k == i || j < 0 {
			continue
		}
		if p.right(int(j)).governor == governor && p.left(k).governor != governor && p.left(k).governor == now {
			return true
		}
	}
	return false
}

// swap finds the two positions of an exchange that leaves all else in place.
func (p *pairing) swap() (first, second int, ok bool) {
	rank := p.ranks()
	first, second = -1, -1
	at := 0
	for i, r := range rank {
		if r < 0 {
			continue
		}
		if r != at {
			switch {
			case first < 0:
				first = i
			case second < 0:
				second = i
			default:
				return 0, 0, false
			}
		}
		at++
	}
	return first, second, second >= 0
}

// ranks are the places of a's paired words among b's, -1 for words alone.
func (p *pairing) ranks() []int {
	place, n := make([]int, len(p.used)), 0
	for j, used := range p.used {
		if used {
			place[j] = n
			n++
		}
	}
	out := make([]int, len(p.match))
	for i, j := range p.match {
		out[i] = -1
		if j >= 0 {
			out[i] = place[j]
		}
	}
	return out
}

// coordinated says that the two words are joined by "and" or "or" in one of the
// texts, so that their order means nothing.
func (p *pairing) coordinated(i, k int) bool {
	return p.a.together(p.a.content[i], p.a.content[k]) ||
		p.b.together(p.b.content[p.match[i]], p.b.content[p.match[k]])
}

func (t *Text) together(x, y int) bool {
	if x > y {
		x, y = y, x
	}
	joined := false
	for i := x + 1; i < y; i++ {
		switch w := &t.words[i]; {
		case w.kind&conjunction != 0:
			joined = true
		case w.kind&(article|filler) == 0:
			return false
		}
	}
	return joined
}

// between says whether something stands between the exchanged words that gives
// them roles: a verb or a direction.
func (p *pairing) between(i, k int) bool {
	if k > i+1 {
		return true
	}
	for x := p.a.content[i] + 1; x < p.a.content[k]; x++ {
		if p.a.words[x].kind&direction != 0 {
			return true
		}
	}
	return p.left(i).kind&entity != 0 && p.left(k).kind&entity != 0
}
