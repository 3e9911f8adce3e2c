package auth

import (
	"context"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// roles is the one table of what a role may do. What is not here is denied.
var roles = map[dcoder.Role][]dcoder.Permission{
	dcoder.RolePlatformOwner: {
		dcoder.TenantsRead, dcoder.TenantsWrite, dcoder.KeysRead, dcoder.KeysWrite, dcoder.ProvidersRead, dcoder.ProvidersWrite,
		dcoder.AliasesRead, dcoder.AliasesWrite, dcoder.QuotasRead, dcoder.QuotasWrite, dcoder.UsageRead, dcoder.AuditRead,
		dcoder.PoliciesRead, dcoder.PoliciesWrite,
		dcoder.EventsReplay, dcoder.ApprovalsRequest, dcoder.ApprovalsDecide,
	},
	dcoder.RoleTenantAdmin: {
		dcoder.ModelsUse, dcoder.TenantsRead, dcoder.KeysRead, dcoder.KeysWrite, dcoder.ProvidersRead, dcoder.ProvidersWrite,
		dcoder.AliasesRead, dcoder.AliasesWrite, dcoder.QuotasRead, dcoder.QuotasWrite, dcoder.UsageRead, dcoder.AuditRead,
		dcoder.PoliciesRead, dcoder.PoliciesWrite,
		dcoder.ApprovalsRequest, dcoder.ApprovalsDecide,
	},
	dcoder.RoleGroupAdmin: {dcoder.ModelsUse, dcoder.AliasesRead, dcoder.QuotasRead, dcoder.ApprovalsRequest},
	dcoder.RoleMember:     {dcoder.ModelsUse, dcoder.AliasesRead, dcoder.ApprovalsRequest},
	dcoder.RoleService:    {dcoder.ModelsUse, dcoder.AliasesRead, dcoder.ApprovalsRequest},
	dcoder.RoleAuditor: {
		dcoder.TenantsRead, dcoder.KeysRead, dcoder.ProvidersRead, dcoder.AliasesRead, dcoder.QuotasRead, dcoder.UsageRead, dcoder.AuditRead,
		dcoder.PoliciesRead,
		dcoder.ApprovalsRequest,
	},
}

// Permissions returns what a role and the scopes of a key give together, sorted:
// the role's permissions, narrowed to the scopes where there are any. Scopes
// never widen a role. An unknown role gives nothing.
func Permissions(role dcoder.Role, scopes []dcoder.Permission) []dcoder.Permission {
	out := []dcoder.Permission{}
	for _, p := range roles[role] {
		if len(scopes) == 0 || slices.Contains(scopes, p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// TenantRoles are the roles that a tenant can give to its keys.
var TenantRoles = []dcoder.Role{
	dcoder.RoleTenantAdmin, dcoder.RoleGroupAdmin, dcoder.RoleMember, dcoder.RoleService, dcoder.RoleAuditor,
}

// Table authorizes by the permissions that were compiled into the principal; it
// implements function.Authorizer.
type Table struct{}

// Authorize returns a 403 unless the principal holds the permission.
func (Table) Authorize(_ context.Context, p *dcoder.Principal, perm dcoder.Permission) error {
	if p.May(perm) {
		return nil
	}
	return dcoder.Forbidden("permission_denied", "this key has not the permission %q: use a key whose role and scopes give it", perm)
}

// LimitsFor picks the limits that hold for a principal, with their subjects
// filled in. A limit without a subject holds for each subject of its scope; one
// that names the subject stands in its place.
func LimitsFor(p dcoder.Principal, all []dcoder.Limit) []dcoder.Limit {
	subjects := map[dcoder.Scope]string{
		dcoder.ScopeTenant: "", dcoder.ScopeKey: p.Key, dcoder.ScopeUser: p.User, dcoder.ScopeGroup: p.Group,
	}
	type identity struct {
		dcoder.Scope
		dcoder.Metric
		dcoder.Window
		model string
	}
	chosen := map[identity]int{}
	var out []dcoder.Limit
	for _, l := range all {
		subject := subjects[l.Scope]
		if l.Scope != dcoder.ScopeTenant && subject == "" || l.Subject != "" && l.Subject != subject {
			continue
		}
		id, named := identity{l.Scope, l.Metric, l.Window, l.Model}, l.Subject != ""
		l.Subject = subject
		if at, taken := chosen[id]; !taken {
			chosen[id] = len(out)
			out = append(out, l)
		} else if named {
			out[at] = l
		}
	}
	return out
}
