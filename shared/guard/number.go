package guard

import "bytes"

// Numbers and addresses of people.
var personTriggers = []trigger{
	{lettersFirst, []string{"&##"}}, // before number: an IBAN may hold three digits anywhere
	{number, []string{"###"}},
	{phone, []string{"*@#"}},
	{email, []string{"&@&", "#@&", "&@#", "#@#", "-@&"}},
}

// run is a number as it is written: its digits, and how they are grouped.
type run struct {
	digits     [24]byte // values, not characters
	n          int
	groups     [8]uint8
	parts      int
	seps       [8]byte
	start, end int
}

// is reports whether the groups are of these lengths with these separators.
func (r *run) is(sep string, lengths ...uint8) bool {
	if r.parts != len(lengths) {
		return false
	}
	for i, n := range lengths {
		if r.groups[i] != n || i > 0 && r.seps[i-1] != sep[min(i, len(sep))-1] {
			return false
		}
	}
	return true
}

// only reports whether no separator but c stands in the number.
func (r *run) only(c byte) bool {
	for i := range r.parts - 1 {
		if r.seps[i] != c {
			return false
		}
	}
	return true
}

// number reads the whole number around a place and asks which one it is.
func number(v *view, i int) int {
	if !v.wants(PII) {
		return 0
	}
	if end := v.bracketed(i); end > 0 {
		return end
	}
	r, ok := v.numberAt(i - 2)
	if !ok || r.n < 8 {
		return 0
	}
	if end := v.identify(&r); end > 0 {
		return end
	}
	if r.end > i+1 && r.parts == 1 {
		return r.end
	}
	return 0
}

var joins = set(" -./")

// numberAt reads the number that j stands in. It is none within a word.
func (v *view) numberAt(j int) (r run, ok bool) {
	from := j
	for from > v.lo && j-from < 30 && (isDigit(v.at(from-1)) || joins[v.at(from-1)] && isDigit(v.at(from-2))) {
		from--
	}
	if c := v.at(from - 1); urlish[c] && c != '-' {
		return r, false
	}
	r.start, r.parts = from, 1
	for k := from; ; k++ {
		c := v.at(k)
		if isDigit(c) {
			if r.n == len(r.digits) {
				return r, false
			}
			r.digits[r.n] = c - '0'
			r.n++
			r.groups[r.parts-1]++
			r.end = k + 1
			continue
		}
		if !joins[c] || !isDigit(v.at(k+1)) || r.parts == len(r.groups) {
			return r, true
		}
		r.seps[r.parts-1] = c
		r.parts++
	}
}

// contexts are words one of which stands near a number that says too little by
// itself.
var contexts = map[string][][]byte{
	"card":   split("card visa master amex pan payment kredit karte carta carte tarjeta credit debit cvv cvc"),
	"not":    split("order invoice ref ticket tracking shipment serial sku batch confirmation rechnung bestell"),
	"de":     split("steuer tax-id taxid identifikationsnummer idnr tin"),
	"bsn":    split("bsn burgerservice sofinummer"),
	"pesel":  split("pesel"),
	"nhs":    split("nhs"),
	"cpf":    split("cpf"),
	"cnpj":   split("cnpj"),
	"indian": split("aadhaar aadhar uidai"),
	"dni":    split("dni nif documento"),
	"nir":    split("nir sécurité securite sociale insee"),
}

func split(s string) [][]byte { return bytes.Fields([]byte(s)) }

// near reports whether a word of a context stands shortly before from or, in
// fewer bytes, behind to.
func (v *view) near(context string, from, to int) bool {
	var buf [64]byte
	for _, part := range [][]byte{v.b[max(v.lo, from-48):from], v.b[to:min(v.hi, to+16)]} {
		low := appendLower(buf[:0], part)
		for _, w := range contexts[context] {
			if i := bytes.Index(low, w); i >= 0 && !word[before1(low, i)] {
				return true
			}
		}
	}
	if to+16 >= v.hi {
		v.touch()
	}
	return false
}

func before1(b []byte, i int) byte {
	if i == 0 {
		return 0
	}
	return b[i-1]
}

// identify asks every register whose length fits.
func (v *view) identify(r *run) int {
	if c := v.at(r.end); urlish[c] && c != '-' {
		return v.lettered(r)
	}
	rule, sure := "", uint8(0)
	switch r.n {
	case 9:
		rule, sure = nine(v, r)
	case 10:
		if validNHS(r) && v.near("nhs", r.start, r.end) {
			rule, sure = "uk_nhs", 95
		} else if r.is(" -", 3, 3, 4) || r.is("-", 3, 3, 4) {
			rule, sure = american(v, r)
		}
	case 11:
		rule, sure = eleven(v, r)
	case 12:
		if validAadhaar(r) && v.near("indian", r.start, r.end) {
			rule, sure = "in_aadhaar", 95
		}
	case 14:
		if validCNPJ(r) && (r.is("../-", 2, 3, 3, 4, 2) || v.near("cnpj", r.start, r.end)) {
			rule, sure = "br_cnpj", 95
		}
	case 15:
		if validNIR(r) && (r.parts > 1 || v.near("nir", r.start, r.end)) {
			rule, sure = "fr_nir", 90
		}
	}
	if rule == "" && r.n >= 13 && r.n <= 19 {
		rule, sure = card(v, r)
	}
	if sure == 0 {
		return 0
	}
	return v.report(PII, rule, r.start, r.end, sure)
}

func nine(v *view, r *run) (string, uint8) {
	if r.is("-", 3, 2, 4) && validSSN(r) && v.at(r.end) != '-' && v.at(r.start-1) != '-' {
		return "us_ssn", 85
	}
	if r.parts == 1 && validBSN(r) && v.near("bsn", r.start, r.end) {
		return "nl_bsn", 95
	}
	return "", 0
}

func eleven(v *view, r *run) (string, uint8) {
	switch {
	case validCPF(r) && (r.is("..-", 3, 3, 3, 2) || v.near("cpf", r.start, r.end)):
		return "br_cpf", 95
	case validPESEL(r) && v.near("pesel", r.start, r.end):
		return "pl_pesel", 95
	case validDeTax(r) && v.near("de", r.start, r.end):
		return "de_tax_id", 95
	}
	return "", 0
}

// american is area-exchange-number, as the North American plan groups it.
func american(v *view, r *run) (string, uint8) {
	if r.digits[0] < 2 || r.digits[3] < 2 || !v.near("phone", r.start, r.end) {
		return "", 0
	}
	return "phone", 75
}

// bracketed is (area) exchange-number; i is the last digit of the area.
func (v *view) bracketed(i int) int {
	const plan = "(000) 000-0000"
	for k := range len(plan) {
		c := v.at(i - 3 + k)
		if plan[k] == '0' && !isDigit(c) || plan[k] != '0' && plan[k] != c {
			return 0
		}
	}
	if v.at(i-2) < '2' || v.at(i+3) < '2' || isDigit(v.at(i-3+len(plan))) {
		return 0
	}
	return v.report(PII, "phone", i-3, i-3+len(plan), 80)
}

func init() { contexts["phone"] = split("phone tel mobile call cell reach") }

// card is ISO/IEC 7812: Luhn's digit and an issuer's range; alone it needs a word
// that says so, since order numbers look the same.
func card(v *view, r *run) (string, uint8) {
	if !issued(r) || !luhn(r) || r.parts > 1 && !r.only(' ') && !r.only('-') || v.near("not", r.start, r.end) {
		return "", 0
	}
	switch {
	case v.near("card", r.start, r.end):
		return "card", 95
	case r.is(" ", 4, 4, 4, 4), r.is("-", 4, 4, 4, 4), r.is(" ", 4, 6, 5):
		return "card", 85
	}
	return "", 0
}

// lettered are numbers whose check is a letter: the Spanish ones.
func (v *view) lettered(r *run) int {
	c := v.at(r.end)
	if r.n != 8 || r.parts != 1 || !isUpper(c) || word[v.at(r.end+1)] || c != spanish[r.value(8)%23] || !v.near("dni", r.start, r.end+1) {
		return 0
	}
	return v.report(PII, "es_dni", r.start, r.end+1, 90)
}
