package usage_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatTheCacheSaved(t *testing.T) {
	b := newBench(t)
	tenant := b.NewTenant()
	all := records(tenant, 10)
	for i := range all {
		r := &all[i]
		switch {
		case i < 3:
			r.Cache, r.Cost, r.CostBaseline = "hit-exact", 0, 100
		case i < 7:
			r.Cache, r.Cost, r.CostBaseline = "miss", 100, 100
		case i < 9:
			r.Cache, r.Cost, r.CostBaseline = "bypass", 100, 100
		default:
			r.Cost, r.CostBaseline = 100, 100
		}
	}
	require.Equal(t, []int{204}, b.deliver(event(t, tenant, all...)))
	status, out := b.get(tenant+"/tenant_admin", "/v1/usage/savings")
	require.Equal(t, 200, status, out)
	for field, want := range map[string]any{
		"requests": 10.0, "billed": 700.0, "without": 1000.0, "saved": 300.0, "savedShare": 0.3, "hitRate": 3.0 / 7, "currency": "USD",
	} {
		require.Equal(t, want, out[field], field)
	}
	outcomes := map[string][]any{}
	for _, o := range out["cache"].([]any) {
		m := o.(map[string]any)
		outcomes[m["outcome"].(string)] = []any{m["requests"], m["saved"], m["billed"]}
	}
	require.Equal(t, map[string][]any{
		"hit-exact": {3.0, 300.0, 0.0}, "miss": {4.0, 0.0, 400.0}, "bypass": {2.0, 0.0, 200.0}, "none": {1.0, 0.0, 100.0},
	}, outcomes)
	status, out = b.get(tenant+"/tenant_admin", "/v1/usage?groupBy=cache")
	require.Equal(t, 200, status, out)
	require.Len(t, out["groups"], 4)

	status, _ = b.get(tenant+"/service", "/v1/usage/savings")
	require.Equal(t, 403, status)
	status, out = b.get("_platform/platform_owner", "/v1/usage/savings")
	require.Equal(t, 400, status, out)
	status, out = b.get(tenant+"/tenant_admin", "/v1/usage/savings?model=other")
	require.Equal(t, 200, status)
	require.Equal(t, 0.0, out["savedShare"], "of nothing")
	status, _ = b.get(tenant+"/tenant_admin", "/v1/usage/savings?from=yesterday")
	require.Equal(t, 400, status)
}
