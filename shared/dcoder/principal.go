package dcoder

import (
	"context"
	"slices"
)

// Principal is who is asking, as proved by the credential. It never comes from
// a header that the credential does not back.
type Principal struct {
	Tenant      string       `json:"tenant"`             // opaque tenant id; PlatformTenant for the owner's own keys
	Platform    string       `json:"platform"`           // brand
	Key         string       `json:"key,omitempty"`      // virtual key id, "" for an OIDC user
	User        string       `json:"user,omitempty"`     // user id that the key belongs to
	Group       string       `json:"group,omitempty"`    // group id that the key belongs to
	EndUser     string       `json:"end_user,omitempty"` // X-User-Id of a service key: attribution only, grants nothing
	Role        Role         `json:"role"`
	Permissions []Permission `json:"permissions"` // sorted; what the role and the key's scopes give together
}

// May reports whether the principal holds p.
func (p *Principal) May(perm Permission) bool {
	return p != nil && slices.Contains(p.Permissions, perm)
}

type principalKey struct{}

// WithPrincipal returns ctx carrying p.
func WithPrincipal(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf returns the principal in ctx, or nil before identification.
func PrincipalOf(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}

type requestIDKey struct{}

// WithRequestID returns ctx carrying the request id that is echoed to the client.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestIDOf returns the request id in ctx, "" outside a request.
func RequestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
