package guardtest

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
)

type value struct {
	category string // "" is nothing to be found
	rule     string // "" is the name
	make     func(r *rand.Rand) string
}

const (
	digits = "0123456789"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alnum  = digits + upper + lower
	urlish = alnum + "-_"
	b64    = upper + lower + digits + "+/"
	hexes  = "0123456789abcdef"
	base32 = upper + "234567"
)

func text(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func oneOf(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func secret(rule string, f func(r *rand.Rand) string) value { return value{"secrets", rule, f} }

func plain(f func(r *rand.Rand) string) value { return value{"", "", f} }

func of(prefix, alphabet string, n int) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return prefix + text(r, alphabet, n) }
}

// checked appends CRC-32 of body's last n characters in six digits of base62.
func checked(prefix string, n int) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		body := text(r, alnum, n)
		return prefix + body + crc62(body)
	}
}

func crc62(s string) string {
	n := uint64(crc32.ChecksumIEEE([]byte(s)))
	out := ""
	for range 6 {
		out = string(alnum[n%62]) + out
		n /= 62
	}
	return out
}

func base64url(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func jwt(r *rand.Rand) string {
	head := base64url(`{"alg":"` + oneOf(r, "HS256", "RS256", "ES256") + `","typ":"JWT"}`)
	body := base64url(fmt.Sprintf(`{"sub":"%s","iat":%d}`, text(r, digits, 10), 1700000000+r.IntN(1e8)))
	return head + "." + body + "." + text(r, urlish, 43)
}

func pem(r *rand.Rand) string {
	kind := oneOf(r, "RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY")
	var b strings.Builder
	b.WriteString("-----BEGIN " + kind + "-----\n")
	for range 3 + r.IntN(8) {
		b.WriteString(text(r, b64, 64) + "\n")
	}
	b.WriteString(text(r, b64, 30) + "==\n-----END " + kind + "-----")
	return b.String()
}

func dck(r *rand.Rand) string {
	body := "dck_" + text(r, lower, 1) + text(r, lower+digits, 11) + "_" + text(r, lower+digits, 12) + "_" + text(r, alnum, 32)
	return body + crc62(body)
}

func connection(r *rand.Rand) string {
	scheme := oneOf(r, "postgres", "postgresql", "mysql", "mongodb+srv", "redis", "amqp", "https")
	return fmt.Sprintf("%s://%s:%s@%s.internal:%d/%s", scheme, text(r, lower, 6), text(r, alnum, 14), text(r, lower, 5), 1000+r.IntN(9000), text(r, lower, 4))
}

func password(r *rand.Rand) string {
	return text(r, upper, 2) + text(r, lower, 4) + text(r, digits, 3) + oneOf(r, "!", "#", "%", "*") + text(r, lower+upper, 4)
}

// values are the names that lines may hold.
var values = map[string]value{
	"openai":         secret("openai_key", func(r *rand.Rand) string { return "sk-" + text(r, alnum, 20) + "T3BlbkFJ" + text(r, alnum, 20) }),
	"openai_project": secret("openai_key", func(r *rand.Rand) string { return "sk-proj-" + text(r, urlish, 74) + "T3BlbkFJ" + text(r, urlish, 74) }),
	"openai_service": secret("openai_key", func(r *rand.Rand) string {
		return "sk-svcacct-" + text(r, urlish, 58) + "T3BlbkFJ" + text(r, urlish, 58)
	}),
	"anthropic":    secret("anthropic_key", func(r *rand.Rand) string { return "sk-ant-api03-" + text(r, urlish, 93) + "AA" }),
	"openrouter":   secret("llm_key", of("sk-or-v1-", hexes, 64)),
	"deepseek":     secret("llm_key", of("sk-", hexes, 32)),
	"groq":         secret("groq_key", of("gsk_", alnum, 52)),
	"huggingface":  secret("huggingface_token", of("hf_", upper+lower, 34)),
	"google":       secret("google_key", of("AIza", urlish, 35)),
	"google_oauth": secret("google_client_secret", of("GOCSPX-", urlish, 28)),
	"aws_id":       secret("aws_access_key", func(r *rand.Rand) string { return oneOf(r, "AKIA", "ASIA") + text(r, base32, 16) }),
	"aws_secret":   secret("aws_secret_key", of("", b64, 40)),
	"github":       secret("github_token", func(r *rand.Rand) string { return checked(oneOf(r, "ghp_", "gho_", "ghs_", "ghu_", "ghr_"), 30)(r) }),
	"github_pat":   secret("github_token", func(r *rand.Rand) string { return "github_pat_" + text(r, alnum, 22) + "_" + text(r, alnum, 59) }),
	"slack": secret("slack_token", func(r *rand.Rand) string {
		return oneOf(r, "xoxb-", "xoxp-") + text(r, digits, 12) + "-" + text(r, digits, 13) + "-" + text(r, alnum, 24)
	}),
	"slack_hook": secret("slack_webhook", func(r *rand.Rand) string {
		return "https://hooks.slack.com/services/T" + text(r, upper+digits, 8) + "/B" + text(r, upper+digits, 10) + "/" + text(r, alnum, 24)
	}),
	"stripe": secret("stripe_key", func(r *rand.Rand) string {
		return oneOf(r, "sk_live_", "rk_live_", "sk_test_") + text(r, alnum, 24+r.IntN(75))
	}),
	"gitlab":           secret("gitlab_token", of("glpat-", urlish, 20)),
	"npm":              secret("npm_token", checked("npm_", 30)),
	"pypi":             secret("pypi_token", of("pypi-AgEIcHlwaS5vcmc", urlish, 90)),
	"sendgrid":         secret("sendgrid_key", func(r *rand.Rand) string { return "SG." + text(r, urlish, 22) + "." + text(r, urlish, 43) }),
	"dck":              secret("dcoder_key", dck),
	"jwt":              secret("jwt", jwt),
	"pem":              secret("private_key", pem),
	"connection":       secret("connection_string", connection),
	"password":         secret("assigned_secret", password),
	"entropy":          secret("assigned_secret", func(r *rand.Rand) string { return text(r, alnum, 24+r.IntN(20)) }),
	"hexsecret":        secret("assigned_secret", of("", hexes, 40)),
	"github_wrong_crc": plain(func(r *rand.Rand) string { return "ghp_" + text(r, alnum, 30) + "zzzzzz" }),
	"dck_wrong_crc":    plain(func(r *rand.Rand) string { return dck(r)[:61] + "0" }),

	"sha1":   plain(of("", hexes, 40)),
	"sha256": plain(of("", hexes, 64)),
	"md5":    plain(of("", hexes, 32)),
	"short":  plain(of("", hexes, 8)),
	"hexid":  plain(of("", hexes, 24)),
	"b64":    plain(func(r *rand.Rand) string { return text(r, b64, 60+r.IntN(60)) + "==" }),
	"number": plain(func(r *rand.Rand) string { return text(r, digits[1:], 1) + text(r, digits, 6+r.IntN(13)) }),
	"millis": plain(func(r *rand.Rand) string { return fmt.Sprint(1.6e12 + r.Int64N(1e11)) }),
	"ip":     plain(func(r *rand.Rand) string { return fmt.Sprintf("10.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256)) }),
	"uuid": plain(func(r *rand.Rand) string {
		return fmt.Sprintf("%s-%s-4%s-a%s-%s", text(r, hexes, 8), text(r, hexes, 4), text(r, hexes, 3), text(r, hexes, 3), text(r, hexes, 12))
	}),
	"order": plain(func(r *rand.Rand) string { return luhn(oneOf(r, "41", "52", "77") + text(r, digits, 13)) }),
	"word":  plain(func(r *rand.Rand) string { return text(r, lower, 5+r.IntN(5)) }),
}
