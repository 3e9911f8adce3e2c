package usage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/usage"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/metering"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
)

var secrets = []string{"a secret of the event door"}

// bearer takes the principal from the credential as it stands: who may be whom
// is not what is tested here.
type bearer struct{}

func (bearer) Identify(ctx context.Context, r *http.Request, _ bool) (context.Context, *dcoder.Principal, error) {
	tenant, role, ok := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), "/")
	if !ok {
		return ctx, nil, dcoder.Unauthorized("unauthorized", "no credential")
	}
	p := &dcoder.Principal{Tenant: tenant, Platform: "d.coder", Key: "k", Role: dcoder.Role(role)}
	if p.Role != dcoder.RoleService {
		p.Permissions = []dcoder.Permission{dcoder.UsageRead}
	}
	return ctx, p, nil
}

type bench struct {
	*postgrestest.Site
	t     *testing.T
	store usage.Store
	url   string
	door  *dispatch.HTTPDoor
}

func newBench(t *testing.T) *bench {
	s := postgrestest.New(t)
	return serve(t, s, postgres.NewUsage(s.Databases))
}

// serve hosts the function on a store.
func serve(t *testing.T, s *postgrestest.Site, store usage.Store) *bench {
	host, err := function.NewHost(function.Wiring{Identifier: bearer{}, EventSecrets: secrets}, usage.New(usage.Deps{Store: store}))
	require.NoError(t, err)
	server := httptest.NewServer(host)
	t.Cleanup(server.Close)
	door, err := dispatch.NewHTTPDoor(func(string) string { return server.URL }, secrets)
	require.NoError(t, err)
	t.Cleanup(door.Close)
	return &bench{s, t, store, server.URL, door}
}

func records(tenant string, n int) []dcoder.UsageRecord {
	out := make([]dcoder.UsageRecord, n)
	for i := range out {
		out[i] = dcoder.UsageRecord{
			V: 1, ID: dcoder.NewID(), Attempt: 1, Revision: 1, RequestID: fmt.Sprint("req-", i),
			Time: time.Now().UTC().Add(-time.Duration(i) * time.Second).Truncate(time.Microsecond), Tenant: tenant, Platform: "d.coder",
			Key: "key1", User: "u1", Group: "g1", Route: "/v1/chat/completions", ModelAsked: "fast", ModelServed: "gpt", Provider: "openai",
			Status: 200, State: dcoder.UsageFinal, Tokens: dcoder.Tokens{Input: 10, Output: 5}, Cost: 100, CostBaseline: 120,
			Currency: "USD", PriceVersion: "p", FirstTokenMS: 7, TotalMS: 70,
		}
	}
	return out
}

func event(t *testing.T, tenant string, records ...dcoder.UsageRecord) dcoder.Envelope {
	e, err := dcoder.NewEvent(context.Background(), "/chat", tenant, dcoder.UsageRecorded{Records: records})
	require.NoError(t, err)
	return e
}

func (b *bench) deliver(events ...dcoder.Envelope) []int {
	var out []int
	for _, o := range b.door.Deliver(context.Background(), "usage", events) {
		out = append(out, o.Status)
	}
	return out
}

func (b *bench) rows(tenant string) []dcoder.UsageRecord {
	rows, err := postgres.NewUsage(b.Databases).Rows(context.Background(), tenant, metering.Query{
		From: time.Now().AddDate(-1, 0, 0), To: time.Now().AddDate(1, 0, 0),
	}, metering.Place{}, 100_000)
	require.NoError(b.t, err)
	return rows
}

func (b *bench) get(as, path string) (int, map[string]any) {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.url+path, nil)
	require.NoError(b.t, err)
	req.Header.Set("Authorization", "Bearer "+as)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	var out map[string]any
	require.NoError(b.t, json.Unmarshal(raw, &out), string(raw))
	return resp.StatusCode, out
}

func TestRecordsOfSeveralEventsAreWrittenOnce(t *testing.T) {
	b := newBench(t)
	tenant := b.NewTenant()
	all := records(tenant, 30)
	one, two := event(t, tenant, all[:20]...), event(t, tenant, all[10:]...)
	assert.Equal(t, []int{204, 204, 204}, b.deliver(one, two, one))
	assert.Equal(t, []int{204}, b.deliver(two))
	assert.Len(t, b.rows(tenant), 30)
}

func TestAPoisonRecordBlocksNoOther(t *testing.T) {
	b := newBench(t)
	tenant := b.NewTenant()
	good, foreign, broken := records(tenant, 6), records("someoneelse1", 1), records(tenant, 1)
	broken[0].ID = "no uuid"
	undecodable := event(t, tenant)
	undecodable.Data = []byte(`{"records":"[{"}`)
	got := b.deliver(
		event(t, tenant, good[0], broken[0], good[1]),
		event(t, tenant, good[2:4]...),
		event(t, tenant, foreign...),
		undecodable,
		event(t, tenant, good[4:]...),
	)
	assert.Equal(t, []int{422, 204, 422, 422, 204}, got)
	assert.Len(t, b.rows(tenant), 6)
}

// picky is a store before the real one that refuses some data, as the database
// does with what no check foresaw.
type picky struct {
	usage.Store
	bad    string
	writes int
}

func (p *picky) Write(ctx context.Context, tenant string, rs []dcoder.UsageRecord) error {
	p.writes++
	if slices.ContainsFunc(rs, func(r dcoder.UsageRecord) bool { return r.RequestID == p.bad }) {
		return fmt.Errorf("insert: %w", metering.ErrPoison)
	}
	return p.Store.Write(ctx, tenant, rs)
}

func TestDataThatOnlyTheDatabaseRefusesIsFoundAndSetAside(t *testing.T) {
	s := postgrestest.New(t)
	store := &picky{Store: postgres.NewUsage(s.Databases), bad: "req-7"}
	b := serve(t, s, store)
	tenant := b.NewTenant()
	all := records(tenant, 20)
	assert.Equal(t, []int{204, 422, 204}, b.deliver(event(t, tenant, all[:5]...), event(t, tenant, all[5:10]...), event(t, tenant, all[10:]...)))
	assert.Len(t, b.rows(tenant), 19)
	assert.LessOrEqual(t, store.writes, 1+3+5)
	assert.Equal(t, []int{422}, b.deliver(event(t, tenant, all[7])))
}

func TestTheEventDoorIsShutToStrangersAndThePlatformHasNoUsage(t *testing.T) {
	b := newBench(t)
	tenant := b.NewTenant()
	stranger, err := dispatch.NewHTTPDoor(func(string) string { return b.url }, []string{"a guess"})
	require.NoError(t, err)
	defer stranger.Close()
	got := stranger.Deliver(context.Background(), "usage", []dcoder.Envelope{event(t, tenant, records(tenant, 1)...)})
	assert.Equal(t, 403, got[0].Status)
	assert.Empty(t, b.rows(tenant))
	assert.Equal(t, []int{422}, b.deliver(event(t, dcoder.PlatformTenant, records(dcoder.PlatformTenant, 1)...)))
	gone := dcoder.NewTenantID()
	assert.Equal(t, []int{422}, b.deliver(event(t, gone, records(gone, 1)...)), "a tenant that is gone cannot come back by retrying")
}

func TestSumsAndGroups(t *testing.T) {
	b := newBench(t)
	tenant := b.NewTenant()
	all := records(tenant, 10)
	all[0].ModelServed, all[0].Cost = "claude", 5000
	require.NoError(t, b.store.Write(context.Background(), tenant, all))
	status, got := b.get(tenant+"/tenant_admin", "/v1/usage?groupBy=model,status")
	require.Equal(t, 200, status)
	total := got["total"].(map[string]any)
	assert.EqualValues(t, 10, total["requests"])
	assert.EqualValues(t, 5900, total["cost"])
	assert.EqualValues(t, 150, total["tokens"].(map[string]any)["total"])
	assert.EqualValues(t, map[string]any{"p50": 70.0, "p95": 70.0}, total["totalMs"])
	groups := got["groups"].([]any)
	require.Len(t, groups, 2)
	assert.Equal(t, map[string]any{"model": "claude", "status": "200"}, groups[0].(map[string]any)["by"])
	assert.EqualValues(t, 5000, groups[0].(map[string]any)["cost"])
	assert.NotContains(t, got, "items")
}

func TestRowsByPages(t *testing.T) {
	b := newBench(t)
	tenant := b.NewTenant()
	all := records(tenant, 25)
	require.NoError(t, b.store.Write(context.Background(), tenant, all))
	var ids []string
	for cursor := ""; ; {
		status, got := b.get(tenant+"/auditor", "/v1/usage?view=rows&limit=10&cursor="+cursor)
		require.Equal(t, 200, status, got)
		for _, item := range got["items"].([]any) {
			ids = append(ids, item.(map[string]any)["id"].(string))
		}
		next, _ := got["nextCursor"].(string)
		if next == "" {
			break
		}
		cursor = next
	}
	require.Len(t, ids, 25)
	for i, r := range all {
		assert.Equal(t, r.ID, ids[i], "newest first")
	}
	_, empty := b.get(tenant+"/auditor", "/v1/usage?view=rows&model=none")
	assert.Equal(t, []any{}, empty["items"])
}

func TestWhoMaySeeWhat(t *testing.T) {
	b := newBench(t)
	one, two := b.NewTenant(), b.NewTenant()
	require.NoError(t, b.store.Write(context.Background(), one, records(one, 3)))
	for name, row := range map[string]struct {
		as, path string
		want     int
	}{
		"own":                        {one + "/tenant_admin", "/v1/usage", 200},
		"own by name":                {one + "/tenant_admin", "/v1/tenants/" + one + "/usage", 200},
		"another's":                  {two + "/tenant_admin", "/v1/tenants/" + one + "/usage", 404},
		"another's as a false owner": {two + "/platform_owner", "/v1/tenants/" + one + "/usage", 404},
		"any for the owner":          {"_platform/platform_owner", "/v1/tenants/" + one + "/usage", 200},
		"none of the platform":       {"_platform/platform_owner", "/v1/tenants/_platform/usage", 404},
		"the platform's own":         {"_platform/platform_owner", "/v1/usage", 400},
		"one that is not there":      {"_platform/platform_owner", "/v1/tenants/zzzzzzzzzzzz/usage", 404},
		"a name that is SQL":         {"_platform/platform_owner", "/v1/tenants/" + url.PathEscape("a'; DROP TABLE usage; --") + "/usage", 404},
		"without the permission":     {one + "/service", "/v1/usage", 403},
		"without a credential":       {"nobody", "/v1/usage", 401},
	} {
		status, got := b.get(row.as, row.path)
		assert.Equal(t, row.want, status, "%s: %v", name, got)
		if status == 200 {
			assert.EqualValues(t, 3, got["total"].(map[string]any)["requests"], name)
		}
	}
	_, got := b.get(two+"/tenant_admin", "/v1/usage")
	assert.EqualValues(t, 0, got["total"].(map[string]any)["requests"])
}

func TestABadQuestionNamesTheField(t *testing.T) {
	b := newBench(t)
	tenant := b.NewTenant()
	for query, field := range map[string]string{
		"from=yesterday":                      "from",
		"to=2026-13-01":                       "to",
		"from=2026-11-22&to=2026-11-21":       "from",
		"from=2020-01-01&to=2026-01-01":       "from",
		"status=maybe":                        "status",
		"status=7":                            "status",
		"groupBy=colour":                      "groupBy",
		"groupBy=model,model":                 "groupBy",
		"groupBy=model,key,user,group,status": "groupBy",
		"groupBy=model&view=rows":             "groupBy",
		"timezone=Mars/Olympus":               "timezone",
		"timezone=Local":                      "timezone",
		"view=pie":                            "view",
		"limit=0":                             "limit",
		"limit=100000":                        "limit",
		"limit=ten":                           "limit",
		"cursor=abc&view=rows":                "cursor",
		"cursor=abc":                          "cursor",
		"model=" + strings.Repeat("m", 300):   "model",
		"modell=gpt":                          "modell",
	} {
		status, got := b.get(tenant+"/tenant_admin", "/v1/usage?"+query)
		assert.Equal(t, 400, status, query)
		raw, err := json.Marshal(got)
		require.NoError(t, err)
		assert.Contains(t, string(raw), field, query)
	}
}

func TestTheFunctionIsAValueWithoutAnyDependency(t *testing.T) {
	f := usage.New(usage.Deps{})
	assert.Equal(t, "usage", f.Name)
	require.Len(t, f.Events, 1)
	assert.Equal(t, "usage.recorded", f.Events[0].Type)
	for _, r := range f.Routes {
		assert.Equal(t, dcoder.UsageRead, r.Permission)
	}
}
