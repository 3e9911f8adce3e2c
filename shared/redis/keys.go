package redis

// activeKey lists tenants by when they were last active.
const activeKey = "dcoder:active"

// names are the keys of one tenant.
type names struct {
	tenant                                              string
	ledger, reservations, expiries, generations, outbox string
}

func namesOf(tenant string) names {
	p := "{" + tenant + "}:"
	return names{
		tenant: tenant, ledger: p + "l", reservations: p + "r", expiries: p + "x",
		generations: p + "gen", outbox: p + "usage",
	}
}

func snapshotKey(tenant, key string) string { return "{" + tenant + "}:snap:" + key }
func relayKey(tenant string) string         { return "{" + tenant + "}:relay" }

// voidKey holds when anything of a tenant's cache was last declared void, Unix
// microseconds; voidsKey when what carries a label was.
func voidKey(tenant string) string      { return "{" + tenant + "}:void" }
func voidsKey(tenant string) string     { return "{" + tenant + "}:voids" }
func generationField(key string) string { return "k:" + key }
