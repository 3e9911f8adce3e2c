// Package guard finds in texts what should not pass a gateway unseen: secrets,
// numbers and addresses of people, and attempts to talk a model out of its
// instructions. It reads a text once, whole or in pieces of any size with the
// same result, and allocates nothing for a clean one.
//
// A table of three-character classes (package-wide, four kilobytes) rejects nearly
// every place of a text; exact checkers with the issuers' own formats and check
// digits decide about the rest. No regular expression runs.
//
// It decides nothing: what a finding leads to is policy, and package llm's. It
// keeps no content: a finding names a rule and a place.
package guard

// Category is a kind of finding that policies tell apart; several may be or-ed.
type Category uint8

// The categories.
const (
	Secrets   Category = 1 << iota // keys, tokens, passwords
	PII                            // numbers and addresses of people
	Injection                      // attempts to override a model's instructions

	All = Secrets | PII | Injection
)

// String returns the category's name in policies and events.
func (c Category) String() string {
	switch c {
	case Secrets:
		return "secrets"
	case PII:
		return "pii"
	case Injection:
		return "injection"
	default:
		return "several"
	}
}

// Finding is one place of a text. It holds nothing of the text itself.
type Finding struct {
	Category   Category
	Rule       string // stable, e.g. "github_token"
	Start, End int    // bytes of the text
	Confidence uint8  // per cent
}

// Threshold is the confidence, per cent, from which something is a finding.
const Threshold = 60
