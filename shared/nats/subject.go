package nats

import (
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// A tenant and a function are one token of a subject each; a type is two tokens
// or more. Whatever else would cross the border between two tenants: a dot
// shifts the tokens, "*" and ">" match, a space ends the subject on the wire.

func isToken(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

func isType(s string) bool {
	if len(s) > 128 || !strings.Contains(s, ".") {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if !isToken(part) {
			return false
		}
	}
	return true
}

func checkTenant(s string) error {
	if !isToken(s) {
		return dcoder.Invalid("tenantid", "a tenant id has 1 to 64 characters of a-z, 0-9 and _")
	}
	return nil
}

func checkType(s string) error {
	if !isType(s) {
		return dcoder.Invalid("type", "an event type is domain.action, in characters of a-z, 0-9 and _")
	}
	return nil
}

func checkFunction(s string) error {
	if !isToken(s) {
		return dcoder.Invalid("function", "a function's name has 1 to 64 characters of a-z, 0-9 and _")
	}
	return nil
}

// subject is where an event of a tenant goes.
func (c Config) subject(tenant, typ string) string { return c.Prefix + "." + tenant + "." + typ }

// branch is where a function's own copies go: its retries and dead letters.
func (c Config) branch(kind, function, tenant, typ string) string {
	return c.Prefix + "-" + kind + "." + function + "." + tenant + "." + typ
}

// stream names one of the three streams: "EVENTS", "RETRY", "DEAD".
func (c Config) stream(kind string) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(c.Prefix)) + "_" + kind
}
