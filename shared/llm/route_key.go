package llm

import (
	"net/http"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// brought is a credential with a provider that came with the call: it is used for
// this call, at the address that the tenant stored for that provider, and neither
// kept nor written anywhere. The zero value is none.
type brought struct{ provider, secret string }

// longestKey bounds it, bytes.
const longestKey = 8 << 10

// bring reads the header X-Dcoder-Provider-Key, "{provider}:{key}", where
// provider is the tenant's name for it. A caller gives a key and never an address:
// an address of its choice would get the tenant's traffic, or reach inside.
func (r *Request) bring(h http.Header) error {
	values := h[dcoder.HeaderProviderKey]
	if len(values) == 0 {
		return nil
	}
	if !r.Snapshot.Tenant.CallerKeys {
		return &dcoder.Error{
			Status: http.StatusForbidden, Code: "caller_keys_not_allowed", Field: dcoder.HeaderProviderKey, NoRetry: true,
			Message: "this tenant takes no provider keys from callers; an administrator can allow it (callerKeys)",
		}
	}
	provider, secret, ok := strings.Cut(values[0], ":")
	bad := func(c rune) bool { return c <= ' ' || c > '~' }
	if !ok || len(values) > 1 || provider == "" || secret == "" || len(secret) > longestKey || strings.ContainsFunc(secret, bad) {
		return dcoder.Invalid(dcoder.HeaderProviderKey, "the header is one provider's name, a colon and its key")
	}
	r.brought = brought{provider, secret}
	return nil
}

// lend puts the caller's key in the place of the stored one; false where the
// candidate is of a provider that it is not for.
func (b *brought) lend(g *dcoder.ProviderGrant) bool {
	if b.provider == "" {
		return true
	}
	if g.Name != b.provider {
		return false
	}
	g.Secret = b.secret
	return true
}
