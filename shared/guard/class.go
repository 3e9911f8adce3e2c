package guard

// Classes of bytes: five bits each, so that three neighbours make an index of
// fifteen. Letters of either case are 1 to 26.
const (
	other   = 0
	digit   = 27
	dash    = 28 // - and _
	colon   = 29 // : and =
	at      = 30 // @ and +, and what begins full-width and mathematical letters
	foreign = 31 // what begins Greek, Cyrillic, dashes and invisible characters

	three = 1<<15 - 1
)

var class = classes()

func classes() (c [256]uint8) {
	for b := range 26 {
		c['a'+b], c['A'+b] = uint8(b+1), uint8(b+1) //nolint:gosec // below 27
	}
	for b := '0'; b <= '9'; b++ {
		c[b] = digit
	}
	c['-'], c['_'] = dash, dash
	c[':'], c['='] = colon, colon
	c['@'], c['+'], c[0xEF], c[0xF0] = at, at, at, at
	for _, b := range []byte{0xCE, 0xCF, 0xD0, 0xD1, 0xE2, 0xC2} {
		c[b] = foreign
	}
	return c
}

// checker looks at a place whose last byte is at i and returns where the scan
// goes on, or 0 for no finding.
type checker func(v *view, i int) int

// triggers say at which three classes which checkers look: bits of hot, and for
// a hot place a set of indexes of checkers.
var (
	hot      [1 << 15 / 64]uint64
	actions  [1 << 15]uint32
	checkers []checker
)

func init() {
	for _, l := range [][]trigger{tokenTriggers, assignTriggers, personTriggers, injectionTriggers, wrappedTriggers(), oddTriggers} {
		for _, t := range l {
			bit := uint32(1) << len(checkers)
			if bit == 0 {
				panic("guard: more checkers than bits")
			}
			checkers = append(checkers, t.check)
			for _, at := range t.at {
				arm(at, bit)
			}
		}
	}
}

// trigger is a checker and the places at which it looks: three characters each,
// written so: a letter, # a digit, - a dash, : a colon, @ that class, ~ foreign, a
// blank anything else, * anything at all, & a letter.
type trigger struct {
	check checker
	at    []string
}

func arm(at string, bit uint32) {
	for _, a := range spelled(at[0]) {
		for _, b := range spelled(at[1]) {
			for _, c := range spelled(at[2]) {
				i := a<<10 | b<<5 | c
				hot[i>>6] |= 1 << (i & 63)
				actions[i] |= bit
			}
		}
	}
}

func spelled(c byte) (out []int) {
	var from, to int
	switch c {
	case '*':
		from, to = 0, 31
	case '&':
		from, to = 1, 26
	case '#':
		from, to = digit, digit
	case '~':
		from, to = foreign, foreign
	default:
		from = int(class[c])
		to = from
	}
	for ; from <= to; from++ {
		out = append(out, from)
	}
	return out
}
