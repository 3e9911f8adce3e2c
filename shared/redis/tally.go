package redis

// tally unites the counters of several calls and sums what moves in each.
type tally struct {
	fields []*field
	asked  []float64 // by calls that are admitted
	held   []float64 // reserved by calls that end
	used   []float64 // by calls that end
	sets   map[*limitSet][]uint16
	at     map[string]uint16
	last   *limitSet // most calls share one set
	lastAt []uint16
}

func (t *tally) reset() {
	clear(t.fields)
	clear(t.sets)
	clear(t.at)
	t.fields, t.asked, t.held, t.used = t.fields[:0], t.asked[:0], t.held[:0], t.used[:0]
	t.last, t.lastAt = nil, nil
}

// places returns where the fields of a set stand among the tally's. Where two
// sets disagree about a ceiling, because an administrator is changing it, the
// lower one decides for this group.
func (t *tally) places(s *limitSet) []uint16 {
	if s == t.last {
		return t.lastAt
	}
	p, ok := t.sets[s]
	if !ok {
		p = t.join(s)
	}
	t.last, t.lastAt = s, p
	return p
}

func (t *tally) join(s *limitSet) []uint16 {
	if len(t.fields) == 0 { // the first set stands as it is
		for i := range s.fields {
			t.push(&s.fields[i])
		}
		t.keep(s, s.places)
		return s.places
	}
	if t.at == nil {
		t.at = map[string]uint16{}
	}
	if len(t.at) == 0 {
		for i, f := range t.fields {
			t.at[f.name] = uint16(i)
		}
	}
	p := make([]uint16, len(s.fields))
	for i := range s.fields {
		f := &s.fields[i]
		at, ok := t.at[f.name]
		if !ok {
			at = uint16(len(t.fields))
			t.at[f.name] = at
			t.push(f)
		} else if f.max < t.fields[at].max {
			t.fields[at] = f
		}
		p[i] = at
	}
	t.keep(s, p)
	return p
}

func (t *tally) push(f *field) {
	t.fields = append(t.fields, f)
	t.asked, t.held, t.used = append(t.asked, 0), append(t.held, 0), append(t.used, 0)
}

func (t *tally) keep(s *limitSet, p []uint16) {
	if t.sets == nil {
		t.sets = map[*limitSet][]uint16{}
	}
	t.sets[s] = p
}

// end adds what a call gives back and what it used.
func (t *tally) end(e *ending) []uint16 {
	places := t.places(e.set)
	used := e.used()
	for i, p := range places {
		m := e.set.fields[i].metric
		t.held[p] += float64(amountOf(e.holds, m))
		if m != parallel { // who has ended is not in flight
			t.used[p] += float64(amountOf(used, m))
		}
	}
	return places
}

func (f *field) kind() byte { return byte(f.window + 8*f.metric) }

// appendFields packs the fields with their ceilings and what is asked of them.
func (t *tally) appendFields(b []byte) []byte {
	for i, f := range t.fields {
		b = append(b, f.kind())
		b = appendFloat(b, f.max)
		b = appendFloat(b, t.asked[i])
	}
	return b
}

// appendMoves packs what is given back and used of each field.
func (t *tally) appendMoves(b []byte) []byte {
	for i := range t.fields {
		b = appendFloat(b, t.held[i])
		b = appendFloat(b, t.used[i])
	}
	return b
}

// appendEndings packs the fields with what is given back and used of them.
func (t *tally) appendEndings(b []byte) []byte {
	for i, f := range t.fields {
		b = append(b, f.kind())
		b = appendFloat(b, t.held[i])
		b = appendFloat(b, t.used[i])
	}
	return b
}

func (t *tally) appendNames(args []any) []any {
	for _, f := range t.fields {
		args = append(args, f.boxed)
	}
	return args
}
