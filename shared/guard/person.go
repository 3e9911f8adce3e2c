package guard

// ibanLength is the length of an IBAN by country (ISO 13616 registry).
var ibanLength = map[[2]byte]int{}

func init() {
	const registry = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28" +
		"HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24" +
		"RS22SA24SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20"
	for i := 0; i < len(registry); i += 4 {
		ibanLength[[2]byte{registry[i], registry[i+1]}] = int(registry[i+2]-'0')*10 + int(registry[i+3]-'0')
	}
}

// lettersFirst are numbers that begin with letters: IBAN, codice fiscale, NIE.
func lettersFirst(v *view, i int) int {
	if !v.wants(PII) || !isUpper(v.at(i-2)) {
		return 0
	}
	if end := iban(v, i-3); end > 0 {
		return end
	}
	if end := fiscale(v, i-7); end > 0 {
		return end
	}
	return nie(v, i-2)
}

// iban checks the country's length and ISO 7064 mod 97, 10.
func iban(v *view, from int) int {
	if !isUpper(v.at(from)) || !v.open(from) {
		return 0
	}
	long := ibanLength[[2]byte{v.at(from), v.at(from + 1)}]
	if long == 0 {
		return 0
	}
	var s [34]byte
	n, j := 0, from
	for ; n < long; j++ {
		c := v.at(j)
		if c == ' ' && n > 0 && n%4 == 0 {
			continue
		}
		if !isDigit(c) && !isUpper(c) {
			return 0
		}
		s[n] = c
		n++
	}
	if word[v.at(j)] {
		return 0
	}
	rest := 0
	for k := range long {
		c := s[(k+4)%long]
		if isDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	if rest != 1 {
		return 0
	}
	return v.report(PII, "iban", from, j, 97)
}

// fiscalePlan says what stands where in a codice fiscale.
const fiscalePlan = "AAAAAA00A00A000A"

func fiscale(v *view, from int) int {
	if from < v.lo || !v.open(from) {
		return 0
	}
	for k := range len(fiscalePlan) {
		c := v.at(from + k)
		if fiscalePlan[k] == 'A' && !isUpper(c) || fiscalePlan[k] == '0' && !isDigit(c) {
			return 0
		}
	}
	end := from + len(fiscalePlan)
	if word[v.at(end)] || !validFiscale(v.b[from:end]) {
		return 0
	}
	return v.report(PII, "it_codice_fiscale", from, end, 97)
}

func nie(v *view, from int) int {
	first := v.at(from)
	if first < 'X' || first > 'Z' || !v.open(from) {
		return 0
	}
	x := int(first - 'X')
	for k := 1; k <= 7; k++ {
		c := v.at(from + k)
		if !isDigit(c) {
			return 0
		}
		x = x*10 + int(c-'0')
	}
	if v.at(from+8) != spanish[x%23] || urlish[v.at(from+9)] {
		return 0
	}
	return v.report(PII, "es_nie", from, from+9, 85)
}

var (
	localSet  = set(digits + lower + upper + "._%+-")
	domainSet = set(digits + lower + upper + ".-")
)

// email is an address that mail may reach (RFC 5321, the usual part of it).
func email(v *view, i int) int {
	mid := i - 1
	if v.b[mid] != '@' || !v.wants(PII) {
		return 0
	}
	from := mid
	for from > v.lo && mid-from < 64 && localSet[v.b[from-1]] {
		from--
	}
	for from < mid && !word[v.b[from]] {
		from++
	}
	end := v.span(mid+1, domainSet)
	for end > mid+1 && !word[v.b[end-1]] {
		end--
	}
	if n := len(v.s.found); n > 0 && v.s.found[n-1].Category == Secrets && v.s.found[n-1].End > v.base+from {
		return 0 // a secret before a host
	}
	if from == mid || v.at(from-1) == '/' || end-mid > 255 || machine(v.b[from:mid]) || !reachable(v.b[mid+1:end]) {
		return 0
	}
	return v.report(PII, "email", from, end, 80)
}

// machine reports whether no person reads mail to it.
func machine(local []byte) bool {
	switch string(local) {
	case "git", "noreply", "no-reply", "donotreply", "do-not-reply", "hg", "svn":
		return true
	}
	return false
}

// reachable reports whether a domain may exist: not one of RFC 2606, and with a
// last label of letters that is no file's.
func reachable(domain []byte) bool {
	dot := len(domain) - 1
	for dot >= 0 && domain[dot] != '.' {
		dot--
	}
	if dot <= 0 {
		return false
	}
	top := domain[dot+1:]
	if len(top) < 2 || len(top) > 18 {
		return false
	}
	for _, c := range top {
		if !isLetter(c) {
			return false
		}
	}
	switch string(top) {
	case "local", "internal", "test", "invalid", "example", "localhost", "lan", "py", "js", "ts", "rb", "sh", "png", "svg", "json", "yaml", "yml", "xml", "java":
		return false
	}
	sub := domain[:dot]
	for k := len(sub) - 1; k >= 0; k-- {
		if sub[k] == '.' {
			sub = sub[k+1:]
			break
		}
	}
	return string(sub) != "example"
}

var callSet = set(digits + " -.()")

// phone is an international number (E.164): a plus, a country, ten digits at
// least with the country's.
func phone(v *view, i int) int {
	from := i - 1
	if v.b[from] != '+' || !v.wants(PII) || word[v.at(from-1)] || v.b[i] == '0' {
		return 0
	}
	n, end, gaps := 0, from, 0
	for j := i; ; j++ {
		c := v.at(j)
		if isDigit(c) {
			n++
			gaps = 0
			end = j + 1
			continue
		}
		if gaps++; !callSet[c] || gaps > 2 {
			break
		}
	}
	if n < 10 || n > 15 || word[v.at(end)] || v.at(end) == ':' || end-from == n+1 && n > 13 {
		return 0
	}
	return v.report(PII, "phone", from, end, 75)
}
