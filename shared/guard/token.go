package guard

import "hash/crc32"

// Tokens that begin with a prefix of their issuer's. Sources: the issuers' own
// documentation of their formats; GitHub's and npm's end in the CRC-32 of the
// random part in six digits of base62, ours in that of the whole.
var tokenTriggers = []trigger{
	{modelKey, []string{"sk-"}},
	{stripeKey, []string{"sk-", "rk-"}},
	{groqKey, []string{"sk-"}},
	{githubToken, []string{"hp-", "ho-", "hu-", "hs-", "hr-"}},
	{pat, []string{"at-"}},
	{fixedTokens, []string{"hf-", "aiz", "px-", "pm-", "pi-", "sg ", "xox", "ck-"}},
	{awsID, []string{"aki", "asi"}},
	{slackHook, []string{"hoo"}},
	{webToken, []string{"eyj"}},
	{privateKey, []string{"-be"}},
}

// token is an issuer's format: a prefix and how many characters of a set follow.
type token struct {
	rule, prefix string
	set          *[256]bool
	least, most  int
}

// open reports whether nothing of a word stands before j.
func (v *view) open(j int) bool { return !urlish[v.at(j-1)] }

// match reports t at from: alone, with a length that its issuer gives.
func (v *view) match(t *token, from int) int {
	if !v.wants(Secrets) || !v.has(from, t.prefix) || !v.open(from) {
		return 0
	}
	body := from + len(t.prefix)
	end := v.span(body, t.set)
	if n := end - body; n < t.least || n > t.most || placeholder(v.b[body:end]) {
		return 0
	}
	return v.report(Secrets, t.rule, from, end, 95)
}

// modelKeys are tried in turn; the last one takes what others issue.
var modelKeys = []token{
	{"anthropic_key", "sk-ant-", urlish, 40, 200},
	{"openai_key", "sk-proj-", urlish, 40, 220},
	{"openai_key", "sk-svcacct-", urlish, 40, 220},
	{"openai_key", "sk-admin-", urlish, 40, 220},
	{"llm_key", "sk-or-v1-", hexes, 64, 64},
}

func modelKey(v *view, i int) int {
	from := i - 2
	for k := range modelKeys {
		if end := v.match(&modelKeys[k], from); end > 0 {
			return end
		}
	}
	end := v.span(i+1, word)
	rule := "llm_key"
	if end-i-1 == 48 && v.has(i+21, "T3BlbkFJ") {
		rule = "openai_key"
	}
	if !mixed(v.b[i+1 : end]) {
		return 0
	}
	return v.match(&token{rule, "sk-", word, 20, 128}, from)
}

var stripeKeys = []token{
	{"stripe_key", "sk_live_", word, 16, 247},
	{"stripe_key", "rk_live_", word, 16, 247},
	{"stripe_key", "sk_test_", word, 16, 247},
	{"stripe_key", "rk_test_", word, 16, 247},
}

func stripeKey(v *view, i int) int {
	for k := range stripeKeys {
		if end := v.match(&stripeKeys[k], i-2); end > 0 {
			return end
		}
	}
	return 0
}

func groqKey(v *view, i int) int { return v.match(&token{"groq_key", "gsk_", word, 40, 64}, i-3) }

func githubToken(v *view, i int) int {
	from := i - 3
	if v.at(from) != 'g' || v.at(i) != '_' || !v.open(from) || !v.wants(Secrets) {
		return 0
	}
	end := v.span(i+1, word)
	if end-i-1 != 36 || !endsInCRC(v.b[i+1:end], v.b[i+1:end-6]) {
		return 0
	}
	return v.report(Secrets, "github_token", from, end, 99)
}

// endsInCRC reports whether s ends in the checksum of body.
func endsInCRC(s, body []byte) bool {
	const base62 = digits + upper + lower
	n := crc32.ChecksumIEEE(body)
	for k := 1; k <= 6; k++ {
		if s[len(s)-k] != base62[n%62] {
			return false
		}
		n /= 62
	}
	return true
}

// pat is GitHub's fine-grained token, or GitLab's.
func pat(v *view, i int) int {
	if end := v.match(&token{"gitlab_token", "glpat-", set64, 20, 320}, i-5); end > 0 {
		return end
	}
	return v.match(&token{"github_token", "github_pat_", urlish, 82, 82}, i-10)
}

var set64 = set(digits + lower + upper + "-_.")

// fixed are tokens by the offset of their trigger's end in the prefix.
var fixed = []struct {
	token
	at int
}{
	{token{"huggingface_token", "hf_", word, 30, 40}, 2},
	{token{"google_key", "AIza", urlish, 35, 35}, 2},
	{token{"google_client_secret", "GOCSPX-", urlish, 28, 28}, 6},
	{token{"pypi_token", "pypi-AgEIcHlwaS5vcmc", urlish, 50, 400}, 4},
	{token{"sendgrid_key", "SG.", set64, 60, 70}, 2},
	{token{"slack_token", "xoxb-", urlish, 30, 100}, 2},
	{token{"slack_token", "xoxp-", urlish, 30, 100}, 2},
	{token{"slack_token", "xoxa-", urlish, 30, 100}, 2},
}

func fixedTokens(v *view, i int) int {
	if !v.wants(Secrets) {
		return 0
	}
	for k := range fixed {
		if f := &fixed[k]; v.b[i] == f.prefix[f.at] && v.at(i-1) == f.prefix[f.at-1] {
			if end := v.match(&f.token, i-f.at); end > 0 {
				return end
			}
		}
	}
	switch {
	case v.has(i-3, "npm_"):
		if end := v.span(i+1, word); end-i-1 == 36 && v.open(i-3) && endsInCRC(v.b[i+1:end], v.b[i+1:end-6]) {
			return v.report(Secrets, "npm_token", i-3, end, 99)
		}
	case v.has(i-3, "dck_"):
		return ourKey(v, i-3)
	}
	return 0
}

// ourKey is a virtual key of the platform's (package virtualkey).
func ourKey(v *view, from int) int {
	end := v.span(from, urlish)
	if n := end - from; n < 60 || n > 72 || !v.open(from) || !endsInCRC(v.b[from:end], v.b[from:end-6]) {
		return 0
	}
	return v.report(Secrets, "dcoder_key", from, end, 99)
}

func awsID(v *view, i int) int {
	from := i - 2
	if v.at(i+1) != 'A' || !isUpper(v.at(from)) || !isUpper(v.at(i)) || !v.wants(Secrets) || !v.open(from) {
		return 0
	}
	end := v.span(from, word)
	if end-from != 20 {
		return 0
	}
	for _, c := range v.b[from+4 : end] {
		if !isUpper(c) && (c < '2' || c > '7') { // base32
			return 0
		}
	}
	if placeholder(v.b[from+4 : end]) {
		return 0
	}
	return v.report(Secrets, "aws_access_key", from, end, 95)
}

func slackHook(v *view, i int) int {
	const place = "hooks.slack.com/services/T"
	if !v.has(i-2, place) || !v.wants(Secrets) {
		return 0
	}
	from := i - 2
	if v.has(from-8, "https://") {
		from -= 8
	}
	end := v.span(i-2+len(place), hookSet)
	if end-i < 60 || placeholder(v.b[i-2+len(place):end]) {
		return 0
	}
	return v.report(Secrets, "slack_webhook", from, end, 95)
}

var hookSet = set(digits + lower + upper + "/")

// webToken is a JWT (RFC 7519): two parts that are JSON objects in base64url, and
// a signature.
func webToken(v *view, i int) int {
	from := i - 2
	if !v.has(from, "eyJ") || !v.open(from) || !v.wants(Secrets) {
		return 0
	}
	dot := v.span(i, urlish)
	if v.at(dot) != '.' || !v.has(dot+1, "eyJ") {
		return 0
	}
	second := v.span(dot+1, urlish)
	if v.at(second) != '.' || dot-from < 16 {
		return 0
	}
	end := v.span(second+1, urlish)
	if end-second < 20 {
		return 0
	}
	return v.report(Secrets, "jwt", from, end, 95)
}

// privateKey is a PEM block (RFC 7468) whose label ends in PRIVATE KEY.
func privateKey(v *view, i int) int {
	from := i - 6
	if !v.has(from, "-----BEGIN ") || !v.wants(Secrets) {
		return 0
	}
	label := v.span(from+11, labelSet)
	if !v.has(label-11, "PRIVATE KEY") && !v.has(label-17, "PRIVATE KEY BLOCK") || !v.has(label, "-----") {
		return 0
	}
	body := label + 5
	for j := body; ; j++ {
		if j >= v.hi {
			v.touch()
			return v.keyUntil(from, body, v.hi)
		}
		if v.b[j] == '-' && v.has(j, "-----BEGIN") {
			return v.keyUntil(from, body, j)
		}
		if v.b[j] == '-' && v.has(j, "-----END") {
			return v.keyUntil(from, body, v.span(v.span(j+5, labelSet), dashes))
		}
	}
}

// keyUntil reports a block that holds something.
func (v *view) keyUntil(from, body, end int) int {
	n := 0
	for _, c := range v.b[body:min(end, body+200)] {
		if base64s[c] {
			n++
		}
	}
	if n < 40 {
		return 0
	}
	return v.report(Secrets, "private_key", from, end, 99)
}

var (
	labelSet = set(upper + digits + " ")
	dashes   = set("-")
)
