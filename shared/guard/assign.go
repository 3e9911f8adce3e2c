package guard

import "bytes"

// What is assigned to a name that says that it is secret: in settings, code,
// JSON, headers and flags; and passwords inside of addresses.
var assignTriggers = []trigger{
	{assigned, []string{"**:"}},
	{flagged, []string{"--&"}},
}

// secretNames end names of secrets; blanks, dashes and dots are left out of a
// name before. The second says that people choose the value.
var secretNames = []struct {
	name   string
	chosen bool
}{
	{"password", true},
	{"passwd", true},
	{"passphrase", true},
	{"pwd", true},
	{"pass", true},
	{"secret", false},
	{"token", false},
	{"apikey", false},
	{"accesskey", false},
	{"secretkey", false},
	{"privatekey", false},
	{"authkey", false},
	{"signingkey", false},
	{"encryptionkey", false},
	{"masterkey", false},
	{"authorization", false},
	{"credential", false},
}

// nameOf collects the name that ends before j, lower-cased and without its dashes.
func (v *view) nameOf(j int, buf *[32]byte) []byte {
	at := len(buf)
	for ; at > 0; j-- {
		c := v.at(j - 1)
		if !urlish[c] && c != '.' {
			break
		}
		if c != '-' && c != '_' && c != '.' {
			at--
			buf[at] = c
			if isUpper(c) {
				buf[at] |= 0x20
			}
		}
	}
	return buf[at:]
}

// isSecretName reports whether a name says that its value is secret.
func isSecretName(name []byte) (yes, chosen bool) {
	for i := range secretNames {
		if n := &secretNames[i]; bytes.HasSuffix(name, []byte(n.name)) {
			return true, n.chosen
		}
	}
	return false, false
}

// lastOfName are the letters that secretNames end in.
var lastOfName = set("dDeEsStTnNyYlL")

func assigned(v *view, i int) int {
	if !v.wants(Secrets) {
		return 0
	}
	if v.b[i] == ':' && v.at(i+1) == '/' && v.at(i+2) == '/' {
		return address(v, i)
	}
	j := i
	for k := 0; k < 4 && between[v.at(j-1)]; k++ {
		j--
	}
	if !lastOfName[v.at(j-1)] {
		return 0
	}
	var buf [32]byte
	name := v.nameOf(j, &buf)
	if yes, chosen := isSecretName(name); yes {
		return v.value(i+1, name, chosen)
	}
	return 0
}

// flagged is a flag of a command line whose value follows behind a blank.
func flagged(v *view, i int) int {
	if !v.wants(Secrets) {
		return 0
	}
	end := v.span(i, urlish)
	if v.at(end) != ' ' || !lastOfName[v.at(end-1)] {
		return 0
	}
	var buf [32]byte
	name := v.nameOf(end, &buf)
	if yes, chosen := isSecretName(name); yes {
		return v.value(end, name, chosen)
	}
	return 0
}

var (
	between = set(" \"'`\\\t]")       // a name and its colon
	opening = set(" \"'`\\\t=>:[(\n") // a colon and its value
	inValue = valueSet()
	known   = []string{
		"sk-", "sk_", "rk_", "gsk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "hf_", "AIza", "GOCSPX-", "AKIA", "ASIA",
		"xox", "glpat-", "npm_", "pypi-", "SG.", "dck_", "eyJ", "-----BEGIN", "http",
	}
)

func valueSet() *[256]bool {
	var s [256]bool
	for c := '!'; c < 0x7f; c++ {
		s[c] = true
	}
	for _, c := range []byte("\"'`,;)}]<>\\&=") {
		s[c] = false
	}
	return &s
}

// value decides about what is given to a secret name.
func (v *view) value(j int, name []byte, chosen bool) int {
	for k := 0; k < 6 && opening[v.at(j)]; k++ {
		j++
	}
	for _, scheme := range []string{"Bearer ", "bearer ", "Basic ", "Token ", "token "} {
		if v.has(j, scheme) {
			j += len(scheme)
			break
		}
	}
	end := v.span(j, inValue)
	for k := 0; k < 2 && v.at(end) == '='; k++ { // of base64
		end++
	}
	s := v.b[j:end]
	if len(s) < 8 || len(s) > 512 {
		return 0
	}
	for _, p := range known {
		if v.has(j, p) {
			return 0 // whose own rule decides
		}
	}
	if !drawn(s, chosen) {
		return 0
	}
	if len(s) == 40 && (bytes.HasSuffix(name, []byte("accesskey")) || bytes.Contains(name, []byte("aws"))) {
		return v.report(Secrets, "aws_secret_key", j, end, 95)
	}
	return v.report(Secrets, "assigned_secret", j, end, 80)
}

// drawn reports whether a value is a secret and not a name, a call or a gap.
func drawn(s []byte, chosen bool) bool {
	if bytes.ContainsAny(s[:1], "$%<{*@(") || bytes.ContainsAny(s, "(${[|") || bytes.Contains(s, []byte("://")) || placeholder(s) || isUUID(s) {
		return false
	}
	if chosen {
		return strong(s) || len(s) >= 16 && mixed(s)
	}
	return len(s) >= 16 && mixed(s)
}

func isUUID(s []byte) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
}

var (
	schemeSet = set(lower + digits + "+")
	userSet   = set(lower + upper + digits + "._-+%")
	passSet   = passwordSet()
)

func passwordSet() *[256]bool {
	s := *inValue
	s['/'], s['@'], s['$'], s['{'] = false, false, false, false
	return &s
}

// address is scheme://user:password@host (RFC 3986, section 3.2.1).
func address(v *view, i int) int {
	from := i
	for from > v.lo && i-from < 24 && schemeSet[v.b[from-1]] {
		from--
	}
	user := i + 3
	mid := v.span(user, userSet)
	if v.at(mid) != ':' {
		return 0
	}
	end := v.span(mid+1, passSet)
	pass := v.b[mid+1 : end]
	if v.at(end) != '@' || len(pass) < 6 || from == i || placeholder(pass) || usual[string(pass)] {
		return 0
	}
	if oneOfTokens(v, mid+1) {
		return 0
	}
	host := v.span(end+1, hostSet)
	if host == end+1 {
		return 0
	}
	return v.report(Secrets, "connection_string", from, v.span(host, inValue), 85)
}

// oneOfTokens leaves a token inside of an address to its own rule.
func oneOfTokens(v *view, j int) bool {
	for _, p := range known {
		if v.has(j, p) {
			return true
		}
	}
	return false
}

var (
	hostSet = set(lower + upper + digits + ".-")
	usual   = map[string]bool{
		"password": true, "passwd": true, "secret": true, "postgres": true, "username": true, "mysecretpassword": true, "user": true, "guest": true,
	}
)
