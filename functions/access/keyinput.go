package access

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/label"
)

type createKey struct{ Body keyInput }

type keyInput struct {
	Name    string              `json:"name" maxLength:"500" doc:"what people call it, at most 100 characters"`
	User    string              `json:"user,omitempty" maxLength:"500" doc:"id of the user whom it belongs to"`
	Group   string              `json:"group,omitempty" maxLength:"500" doc:"id of the group that it belongs to"`
	Role    dcoder.Role         `json:"role,omitempty" doc:"tenant_admin, group_admin, member, service or auditor; default service"`
	Scopes  []dcoder.Permission `json:"scopes,omitempty" maxItems:"50" doc:"permissions that narrow the role; none: all of the role's"`
	Models  []string            `json:"models,omitempty" maxItems:"200" doc:"models that it may use, exact or as a prefix ending in *; none: all"`
	Expires time.Time           `json:"expires,omitzero" doc:"RFC 3339; absent: never"`
	Limits  []keyLimit          `json:"limits,omitempty" maxItems:"12" doc:"of this key alone"`
}

type keyLimit struct {
	Metric dcoder.Metric      `json:"metric" enum:"requests,tokens,money"`
	Window dcoder.Window      `json:"window" enum:"minute,day,week,month"`
	Max    int64              `json:"max" minimum:"0"`
	Action dcoder.LimitAction `json:"action,omitempty" enum:"alert,deny" doc:"default: deny for requests and tokens, alert for money"`
}

const (
	mostSubject = 64
	longestLife = 10 * 365 * 24 * time.Hour
)

var subjectID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@:+-]*$`)

// read checks the input against itself and against who asks.
func (in *keyInput) read(by *dcoder.Principal, models []string, now time.Time) (dcoder.VirtualKey, []dcoder.Limit, error) {
	name, err := label.Clean(in.Name)
	if err != nil {
		return dcoder.VirtualKey{}, nil, dcoder.Invalid("name", "name %v", err)
	}
	if in.Role == "" {
		in.Role = usualRole(by)
	}
	key := dcoder.VirtualKey{
		ID: dcoder.NewKeyID(), Name: name, User: in.User, Group: in.Group, Role: in.Role, Scopes: in.Scopes,
		Models: in.Models, Created: now.Truncate(time.Microsecond), Expires: in.Expires.UTC().Truncate(time.Microsecond),
	}
	for _, check := range []func() error{
		func() error { return checkSubject("user", in.User) },
		func() error { return checkSubject("group", in.Group) },
		func() error { return checkRole(by, in.Role, in.Scopes) },
		func() error { return mayGive(by, in.Role, in.Scopes) },
		func() error { return checkModels("models", in.Models) },
		func() error { return coverModels(&key, models) },
		func() error { return checkExpiry(in.Expires, now) },
	} {
		if err := check(); err != nil {
			return key, nil, err
		}
	}
	limits, err := in.limits(by, key.ID)
	return key, limits, err
}

func usualRole(by *dcoder.Principal) dcoder.Role {
	if by.Tenant == dcoder.PlatformTenant {
		return dcoder.RolePlatformOwner
	}
	return dcoder.RoleService
}

func checkSubject(field, id string) error {
	if id == "" || len(id) <= mostSubject && subjectID.MatchString(id) {
		return nil
	}
	return dcoder.Invalid(field, "%s is at most %d letters, digits and . _ @ : + -", field, mostSubject)
}

func checkRole(by *dcoder.Principal, role dcoder.Role, scopes []dcoder.Permission) error {
	if by.Tenant == dcoder.PlatformTenant && role != dcoder.RolePlatformOwner || by.Tenant != dcoder.PlatformTenant && !slices.Contains(auth.TenantRoles, role) {
		return dcoder.Invalid("role", "role is none that keys of this tenant can have")
	}
	if given := auth.Permissions(role, scopes); len(given) < len(dedupe(scopes)) {
		return dcoder.Invalid("scopes", "scopes narrow what the role gives; one of them is beyond the role %q", role)
	}
	return nil
}

func dedupe[T ~string](s []T) []T {
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}

// mayGive refuses to give what the giver has not. The platform's owner gives
// keys of any tenant any role that a tenant has.
func mayGive(by *dcoder.Principal, role dcoder.Role, scopes []dcoder.Permission) error {
	if by.Role == dcoder.RolePlatformOwner && len(by.Permissions) == len(auth.Permissions(by.Role, nil)) {
		return nil
	}
	for _, p := range auth.Permissions(role, scopes) {
		if !by.May(p) {
			return dcoder.Forbidden("permission_beyond_own", "a key cannot give the permission %q that it has not itself", p)
		}
	}
	return nil
}

func checkModels(field string, models []string) error {
	for i, m := range models {
		head, star := strings.CutSuffix(m, "*")
		if len(m) > 200 || head == "" && !star || strings.ContainsFunc(head, func(r rune) bool { return r <= ' ' || r > '~' || r == '*' }) {
			return dcoder.Invalid(fmt.Sprintf("%s[%d]", field, i), "a model is a name, or a prefix of names that ends in *")
		}
	}
	return nil
}

// modelsOf returns what the asking key may use itself; empty: everything.
func modelsOf(ctx context.Context) []string {
	if s := auth.SnapshotOf(ctx); s != nil {
		return s.Models
	}
	return nil
}

// coverModels keeps a key that may use some models from making one that may use
// others. One that names none gets the maker's.
func coverModels(key *dcoder.VirtualKey, own []string) error {
	if len(own) == 0 {
		return nil
	}
	if len(key.Models) == 0 {
		key.Models = own
		return nil
	}
	for i, m := range key.Models {
		if !slices.ContainsFunc(own, func(o string) bool {
			head, star := strings.CutSuffix(o, "*")
			return m == o || star && strings.HasPrefix(m, head)
		}) {
			return dcoder.Forbidden("model_beyond_own", "models[%d]: a key cannot give a model that it may not use itself", i)
		}
	}
	return nil
}

func checkExpiry(expires, now time.Time) error {
	if expires.IsZero() || expires.After(now) && expires.Before(now.Add(longestLife)) {
		return nil
	}
	return dcoder.Invalid("expires", "expires must lie in the future, ten years ahead at most")
}

func (in *keyInput) limits(by *dcoder.Principal, id string) ([]dcoder.Limit, error) {
	if len(in.Limits) > 0 && by.Tenant == dcoder.PlatformTenant {
		return nil, dcoder.Invalid("limits", "the platform's own keys use no models and have no limits")
	}
	seen := map[string]bool{}
	var out []dcoder.Limit
	for i, l := range in.Limits {
		field := fmt.Sprintf("limits[%d]", i)
		if l.Metric == dcoder.MetricMoney && l.Window == dcoder.WindowMinute {
			return nil, dcoder.Invalid(field+".window", "money is limited by day, week or month")
		}
		if identity := string(l.Metric) + "/" + string(l.Window); seen[identity] {
			return nil, dcoder.Invalid(field, "there are two limits of %s", identity)
		} else {
			seen[identity] = true
		}
		if l.Action == "" {
			l.Action = dcoder.UsualAction(l.Metric)
		}
		out = append(out, dcoder.Limit{Scope: dcoder.ScopeKey, Subject: id, Metric: l.Metric, Window: l.Window, Max: l.Max, Action: l.Action})
	}
	return out, nil
}
