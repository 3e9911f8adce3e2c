package dcoder

// Permission is what a route demands and a role or a key scope gives. It is
// written "subject.verb".
type Permission string

// The permissions of the platform.
const (
	ModelsUse      Permission = "models.use"      // completions, embeddings, list of models
	UsageRead      Permission = "usage.read"      // the tenant's usage rows and sums
	KeysRead       Permission = "keys.read"       // list virtual keys (never their secrets)
	KeysWrite      Permission = "keys.write"      // create, rotate, block, delete virtual keys
	ProvidersRead  Permission = "providers.read"  // list provider credentials (never their secrets)
	ProvidersWrite Permission = "providers.write" // set, test, delete provider credentials
	AliasesRead    Permission = "aliases.read"    // list model aliases
	AliasesWrite   Permission = "aliases.write"   // point an alias at models
	QuotasRead     Permission = "quotas.read"     // limits, budgets and their use
	QuotasWrite    Permission = "quotas.write"    // set limits and budgets
	PoliciesRead   Permission = "policies.read"   // guardrail policies and their overrides
	PoliciesWrite  Permission = "policies.write"  // set them

	ApprovalsRequest Permission = "approvals.request" // ask for more room than a limit has, and see what came of it
	ApprovalsDecide  Permission = "approvals.decide"  // approve, reject and end such requests
	TenantsRead      Permission = "tenants.read"      // the tenant's own record; every tenant's for the platform owner
	TenantsWrite     Permission = "tenants.write"     // create, suspend, change tenants: platform owner only
	AuditRead        Permission = "audit.read"        // the audit log
	EventsDeliver    Permission = "events.deliver"    // the event door: the dispatcher only
	EventsReplay     Permission = "events.replay"     // list and replay dead letters: platform owner only
)

// Role is a named set of permissions. Roles are compiled into a principal when
// its snapshot is built, so that no policy engine runs on the hot path.
type Role string

// The roles of the platform, from the widest to the narrowest.
const (
	RolePlatformOwner Role = "platform_owner"
	RoleTenantAdmin   Role = "tenant_admin"
	RoleGroupAdmin    Role = "group_admin"
	RoleMember        Role = "member"
	RoleService       Role = "service"
	RoleAuditor       Role = "auditor"
)
