package auth

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// presented returns the credential of a request: Authorization: Bearer as OpenAI's
// SDKs send it, or x-api-key as Anthropic's do.
func presented(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return r.Header.Get("X-Api-Key")
}

// refused is the one answer to every key that is not good: it never says why.
func refused() *dcoder.Error {
	e := dcoder.Unauthorized("invalid_api_key", "no valid API key: send yours as Authorization: Bearer dck_... or as x-api-key; it may be blocked, expired or replaced")
	e.NoRetry = true
	return e
}

// judge says whether a snapshot lets the holder of a proof in. It looks at
// everything before it answers, whatever comes first.
func judge(s *dcoder.Snapshot, p proof, now time.Time) error {
	present := p.of(s.PepperID, s.Hash)
	previous := p.ofAny(s.PreviousHash) && now.Before(s.PreviousUntil)
	expired := !s.Expires.IsZero() && !now.Before(s.Expires)
	if !(present || previous) || expired || s.Blocked {
		return refused()
	}
	if s.Tenant.State != dcoder.StateActive {
		e := dcoder.Forbidden("tenant_suspended", "the tenant is suspended: ask the platform's owner")
		e.NoRetry = true
		return e
	}
	return nil
}

type proofKey struct{}

// identified carries what a credential was found to be: one value for both keys.
type identified struct {
	context.Context
	proof    proof
	snapshot *dcoder.Snapshot
}

// Value implements context.Context.
func (c *identified) Value(key any) any {
	switch key.(type) {
	case proofKey:
		return c.proof
	case snapshotKey:
		return c.snapshot
	}
	return c.Context.Value(key)
}

const mostEndUser = 128 // bytes

// readHeaders checks what the client says about itself against the credential.
// X-Tenant-Id chooses a tenant only for the platform's owner; X-User-Id names the
// end user of a service, for attribution, and grants nothing.
func readHeaders(h http.Header, p *dcoder.Principal) error {
	if tenant := h.Get(dcoder.HeaderTenant); tenant != "" && tenant != p.Tenant {
		if p.Role != dcoder.RolePlatformOwner {
			return dcoder.Forbidden("tenant_mismatch", "the key belongs to another tenant than %s names", dcoder.HeaderTenant)
		}
		if !dcoder.ValidTenantID(tenant) {
			return dcoder.Invalid(dcoder.HeaderTenant, "not a tenant id")
		}
		p.Tenant = tenant
	} else if platform := h.Get(dcoder.HeaderPlatform); platform != "" && platform != p.Platform {
		return dcoder.Forbidden("platform_mismatch", "the key belongs to another platform than %s names", dcoder.HeaderPlatform)
	}
	if user := h.Get(dcoder.HeaderUser); user != "" && p.Role == dcoder.RoleService && p.User == "" {
		if len(user) > mostEndUser || !utf8.ValidString(user) || strings.ContainsFunc(user, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return dcoder.Invalid(dcoder.HeaderUser, "at most %d bytes of text without control characters", mostEndUser)
		}
		p.EndUser = user
	}
	return nil
}
