package guard

// Attempts to override instructions: a few words in a certain order, weighed.
// What weighs less than a finding adds up over the text, each kind once.
var injectionTriggers = []trigger{
	{override, []string{"ign", "isr", "rge", "rri", "byp", "llo"}},
	{disclose, []string{"sys", "mpt", "nst", "rul"}},
	{above, []string{"abo"}},
	{persona, []string{"dan", "ilb", "lop", "nso", "nre", "nfi"}},
	{limitless, []string{"tri", "mit", "uid", "rul", "fus"}},
	{marker, []string{"im-", "ins", "sys"}},
	{conceal, []string{"tel"}},
	{retask, []string{"new"}},
}

// weakness is which weak signs were seen, and their sum.
type weakness struct {
	seen uint16
	sum  uint8
}

const (
	weakRetask = 1 << iota
	weakLimits
	weakConceal
	weakPersona
	weakOverride
)

// weigh reports a strong sign, and remembers a weak one.
func (v *view) weigh(rule string, kind uint16, s *sentence, weight uint8) int {
	if weight >= Threshold {
		v.attempt(rule, s.start, s.end, weight)
		return 0
	}
	w := &v.s.weak
	if kind == 0 || w.seen&kind != 0 {
		return 0
	}
	w.seen |= kind
	if w.sum += weight; w.sum >= Threshold {
		w.sum = 0
		v.attempt("several_signs", s.start, s.end, Threshold)
	}
	return 0
}

// attempt keeps a finding once for one place. The scan goes on behind its
// trigger, since a sentence may hold a secret as well.
func (v *view) attempt(rule string, from, to int, weight uint8) {
	for k := len(v.s.found) - 1; k >= 0 && v.s.found[k].End > v.base+from; k-- {
		if v.s.found[k].Rule == rule {
			return
		}
	}
	v.report(Injection, rule, from, to, weight)
}

// wordAt reports whether text, lower case, is the word that stands at j.
func (v *view) wordAt(j int, text string) bool {
	if isLetter(v.at(j - 1)) {
		return false
	}
	for k := range len(text) {
		if v.at(j+k)|0x20 != text[k] {
			return false
		}
	}
	return true
}

// mostLooks bounds what one text may cost: sentences that are read.
const mostLooks = 2000

// anchor is a word of a rule and where its trigger's end stands in it.
type anchor struct {
	word string
	at   int
}

func (v *view) anchored(i int, of []anchor) (j int, ok bool) {
	for k := range of {
		if v.wordAt(i-of[k].at, of[k].word) {
			v.s.looks++
			return i - of[k].at, v.s.looks < mostLooks
		}
	}
	return 0, false
}

var (
	overriding = []anchor{
		{"ignor", 2}, {"disregard", 3}, {"forget", 4}, {"overrid", 5}, {"bypass", 2}, {"follow", 4},
	}
	negations = wordSet("not never dont without cannot cant")
	earlier   = wordSet("previous prior above earlier preceding your system original initial safety content developer foregoing given")
	loosely   = wordSet("all any these those the every")
	orders    = wordSet("instructions instruction directives directive directions guidelines prompt prompts programming training policy policies " +
		"safeguards constraints commands restrictions rules filters guardrails")
)

// maybeNegated looks at the last letters of the two words before j: every
// negation ends in one of two. "the following" is far more frequent than orders
// not to follow, and words are dear to cut.
func (v *view) maybeNegated(j int) bool {
	words := 0
	for p := j - 1; p >= v.lo && j-p < reach && words < 2; p-- {
		c := v.at(p)
		if !isLetter(c) || isLetter(v.at(p+1)) {
			continue
		}
		if words++; c == 't' || c == 'r' {
			return true
		}
	}
	return false
}

func override(v *view, i int) int {
	if !v.wants(Injection) {
		return 0
	}
	j, ok := v.anchored(i, overriding)
	if !ok || v.wordAt(j, "follow") && !v.maybeNegated(j) {
		return 0
	}
	s := v.around(j)
	negated := s.any(s.k-2, s.k-1, negations) >= 0
	if string(s.word(s.k)) == "follow" != negated {
		return 0
	}
	if s.any(s.k+1, s.k+2, wordSetEverything) >= 0 && s.any(s.k+2, s.k+6, aboveOrTold) >= 0 {
		return v.weigh("override_instructions", 0, &s, 75)
	}
	noun := s.any(s.k+1, s.k+7, orders)
	if noun < 0 {
		return 0
	}
	if s.any(s.k+1, noun-1, earlier) >= 0 || s.any(noun+1, noun+3, behind) >= 0 {
		return v.weigh("override_instructions", 0, &s, 85)
	}
	if s.any(s.k+1, noun-1, loosely) >= 0 {
		return v.weigh("override_instructions", weakOverride, &s, 30)
	}
	return 0
}

var (
	wordSetEverything = wordSet("everything anything all")
	aboveOrTold       = wordSet("above before told said earlier previously")
	behind            = wordSet("above given")
	showing           = wordSet("reveal show print repeat output display leak disclose dump expose tell give what recite write share quote")
	hidden            = wordSet("system hidden confidential secret initial original developer")
	tellable          = wordSet("prompt prompts instructions message rules configuration")
	yours             = wordSet("your")
	verbatim          = wordSet("verbatim exactly word full entire entirety everything")
)

// disclose asks for what the model was told: a verb of showing, something hidden
// or yours, and a word for it.
func disclose(v *view, i int) int {
	if !v.wants(Injection) {
		return 0
	}
	j, ok := v.anchored(i, []anchor{{"prompt", 5}, {"system message", 2}, {"instructions", 3}, {"rules", 2}})
	if !ok {
		return 0
	}
	s := v.around(j)
	noun := s.any(s.k, s.k+1, tellable)
	if noun < 0 {
		return 0
	}
	verb := s.any(noun-8, noun-1, showing)
	if verb < 0 {
		return 0
	}
	secret, own := s.any(max(verb, noun-3), noun, hidden) >= 0, s.any(max(verb, noun-3), noun, yours) >= 0
	switch {
	case secret, own && s.any(noun+1, noun+6, verbatim) >= 0:
		return v.weigh("reveal_instructions", 0, &s, 75)
	case own:
		return v.weigh("reveal_instructions", 0, &s, 60)
	}
	return 0
}

var (
	repeating = wordSet("repeat print output recite copy")
	sayings   = wordSet("words text everything prompt message instructions")
)

// above asks for the text that stands before.
func above(v *view, i int) int {
	if !v.wants(Injection) || !v.wordAt(i-2, "above") {
		return 0
	}
	s := v.around(i - 2)
	if s.any(s.k-2, s.k-1, sayings) < 0 || s.any(s.k-7, s.k-2, repeating) < 0 {
		return 0
	}
	return v.weigh("reveal_instructions", 0, &s, 70)
}

var (
	personas  = []anchor{{"jailbr", 4}, {"developer mode", 6}, {"uncensored", 6}, {"unrestricted", 3}, {"unfiltered", 3}, {"dan", 2}}
	machines  = wordSet("ai assistant model chatbot llm bot gpt")
	enabling  = wordSet("enable enabled activate activated switch enter act you are as now called pretend mode answer")
	modes     = wordSet("mode")
	addressed = wordSet("you your act ai pretend")
)

// persona asks to be someone without rules.
func persona(v *view, i int) int {
	if !v.wants(Injection) {
		return 0
	}
	j, ok := v.anchored(i, personas)
	if !ok {
		return 0
	}
	if v.at(j)|0x20 == 'd' && v.at(j+1)|0x20 == 'a' {
		return v.dan(j)
	}
	s := v.around(j)
	switch w := s.word(s.k); w[0] {
	case 'j':
		if s.any(s.k+1, s.k+1, modes) >= 0 {
			return v.weigh("jailbreak", 0, &s, 75)
		}
		return v.weigh("jailbreak", weakPersona, &s, 40)
	case 'd':
		if s.any(s.k-4, s.k-1, enabling) >= 0 || s.any(s.k+2, s.k+3, enabling) >= 0 {
			return v.weigh("jailbreak", 0, &s, 65)
		}
		return 0
	}
	if s.any(s.k+1, s.k+3, machines) >= 0 && s.any(s.k-6, s.k-1, enabling) >= 0 {
		return v.weigh("jailbreak", 0, &s, 75)
	}
	return v.weigh("jailbreak", weakPersona, &s, 20)
}

// dan is the name of a well-known persona, in capitals.
func (v *view) dan(j int) int {
	if !v.has(j, "DAN") || isLetter(v.at(j+3)) {
		return 0
	}
	s := v.around(j)
	now := s.any(s.k+1, s.k+9, wordSetAnything) >= 0
	if now || s.any(s.k-4, s.k-1, enabling) >= 0 || s.any(s.k+1, s.k+1, modes) >= 0 {
		return v.weigh("jailbreak", 0, &s, 80)
	}
	return 0
}

var (
	wordSetAnything = wordSet("anything")
	limits          = []anchor{{"restrict", 5}, {"limit", 4}, {"guidelin", 3}, {"rules", 2}, {"refus", 4}}
	lacking         = wordSet("no any without never zero free")
)

// limitless tells the model that nothing binds it.
func limitless(v *view, i int) int {
	if !v.wants(Injection) {
		return 0
	}
	j, ok := v.anchored(i, limits)
	if !ok {
		return 0
	}
	s := v.around(j)
	lack := s.any(s.k-4, s.k-1, lacking)
	if lack < 0 || s.any(lack-8, lack, addressed) < 0 {
		return 0
	}
	if s.any(lack-9, lack, machines) >= 0 || s.any(lack-8, lack, wordSetPretend) >= 0 {
		return v.weigh("jailbreak", 0, &s, 65)
	}
	return v.weigh("jailbreak", weakLimits, &s, 35)
}

var wordSetPretend = wordSet("pretend pretending imagine")

// markers are how templates of chats write who speaks.
var markers = []struct {
	text string
	at   int
}{
	{"<|im_start|>system", 4}, {"<<SYS>>", 4}, {"[INST]", 3}, {"### System:", 6}, {"[SYSTEM]", 3}, {"<|system|>", 4}, {"</system>", 4},
}

func marker(v *view, i int) int {
	if !v.wants(Injection) {
		return 0
	}
	for k := range markers {
		m := &markers[k]
		if v.has(i-m.at, m.text) {
			v.attempt("fake_turn", i-m.at, i-m.at+len(m.text), 70)
		}
	}
	return 0
}

var (
	users   = wordSet("user users anyone")
	sending = wordSet("send forward post upload exfiltrate http https email")
)

// conceal tells the model to act behind its user's back.
func conceal(v *view, i int) int {
	if !v.wants(Injection) || !v.wordAt(i-2, "tell") {
		return 0
	}
	s := v.around(i - 2)
	if s.any(s.k+1, s.k+2, users) < 0 || s.any(s.k-2, s.k-1, negations) < 0 {
		return 0
	}
	if s.any(s.k+2, s.n, sending) >= 0 {
		return v.weigh("hidden_action", 0, &s, 80)
	}
	return v.weigh("hidden_action", weakConceal, &s, 40)
}

var tasks = wordSet("instructions instruction task rules")

// retask announces other instructions.
func retask(v *view, i int) int {
	if !v.wants(Injection) || !v.wordAt(i-2, "new") {
		return 0
	}
	s := v.around(i - 2)
	if s.any(s.k+1, s.k+1, tasks) >= 0 {
		return v.weigh("new_instructions", weakRetask, &s, 30)
	}
	return 0
}
