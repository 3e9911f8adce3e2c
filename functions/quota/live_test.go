package quota_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

// use is what a client reads of a limit's use.
type use struct {
	dcoder.Limit
	Used, Reserved, Remaining int64
	Reset                     time.Time
	Source                    string
}

// admit asks the ledger as a call of the key does.
func (s *stand) admit(t *testing.T, key string, tokens, money int64) (*llm.Admission, llm.Verdict) {
	t.Helper()
	snap, err := s.Build(t.Context(), s.tenant, key)
	require.NoError(t, err)
	a := &llm.Admission{
		ID: dcoder.NewID(), Tenant: s.tenant, Key: key,
		Limits: slices.DeleteFunc(snap.Limits, func(l dcoder.Limit) bool { return l.Model != "" }), TimeZone: snap.Tenant.TimeZone,
		Amounts: llm.Amounts{Requests: 1, Tokens: tokens, Money: money},
	}
	v, err := s.ledger.Admit(t.Context(), a)
	require.NoError(t, err)
	return a, v
}

func TestTheLedgerIsReadWhileCallsRun(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	key, caller := s.Key(s.tenant, dcoder.RoleMember)
	s.door.Ask(s.admin, "PUT", "/v1/quotas", `{"limits":[
		{"scope":"tenant","metric":"tokens","window":"day","max":100},
		{"scope":"key","metric":"parallel","window":"minute","max":2},
		{"scope":"tenant","model":"gpt-5","metric":"requests","window":"day","max":1}]}`).Into(200, nil)
	_, v := s.admit(t, key, 30, 0)
	require.True(t, v.Admitted, "%+v", v.Exceeded)

	var got struct{ Items []use }
	s.door.Ask(s.admin, "GET", "/v1/quotas/usage?key="+key, nil).Into(200, &got)
	require.Len(t, got.Items, 3)
	assert.Equal(t, dcoder.MetricParallel, got.Items[0].Metric)
	assert.Equal(t, dcoder.WindowNow, got.Items[0].Window)
	assert.Equal(t, int64(1), got.Items[0].Reserved)
	assert.Equal(t, int64(1), got.Items[0].Remaining)
	assert.Equal(t, int64(30), got.Items[1].Reserved)
	assert.Equal(t, int64(70), got.Items[1].Remaining)
	assert.Equal(t, "ledger", got.Items[1].Source)

	var would struct {
		Fits   bool
		Limits []struct {
			use
			Asked int64
			Fits  bool
		}
	}
	for body, fits := range map[string]bool{
		`{"tokens":70}`:                                 true,
		`{"tokens":71}`:                                 false,
		`{"tokens":1,"requests":2}`:                     false, // two at once beside the one that runs
		`{"tokens":1,"model":"gpt-5"}`:                  true,
		`{"tokens":1,"model":"gpt-5","requests":2}`:     false,
		`{"tokens":1,"requests":1,"model":"something"}`: true,
	} {
		s.door.Ask(caller, "POST", "/v1/quotas/check", body).Into(200, &would)
		assert.Equal(t, fits, would.Fits, body)
	}
	s.door.Ask(s.admin, "GET", "/v1/quotas/usage?key="+key, nil).Into(200, &got)
	assert.Equal(t, int64(30), got.Items[1].Reserved, "a check takes nothing")
	s.door.Ask(caller, "POST", "/v1/quotas/check", `{"user":"ann"}`).Refused(403)
	s.door.Ask(s.admin, "POST", "/v1/quotas/check", `{"user":"ann","tokens":5}`).Into(200, &would)
	assert.True(t, would.Fits)
}

func TestBudgetsAreMadeChangedAndRemoved(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	var b struct {
		ID string
		dcoder.Limit
	}
	body := `{"scope":"tenant","window":"month","max":5000000,"action":"deny","alerts":[50,80]}`
	s.door.Ask(s.admin, "POST", "/v1/budgets", body).Into(201, &b)
	assert.Equal(t, dcoder.MetricMoney, b.Metric)
	code, _ := s.door.Ask(s.admin, "POST", "/v1/budgets", body).Refused(409)
	assert.Equal(t, "limit_exists", code)
	s.door.Ask(s.admin, "PUT", "/v1/budgets/"+b.ID, `{"max":7}`).Into(200, &b)
	assert.Equal(t, dcoder.ActionAlert, b.Action)
	var one struct {
		ID string
		use
	}
	s.door.Ask(s.admin, "GET", "/v1/budgets/"+b.ID, nil).Into(200, &one)
	assert.Equal(t, int64(7), one.Remaining)
	var all struct{ Items []struct{ ID string } }
	s.door.Ask(s.admin, "GET", "/v1/budgets", nil).Into(200, &all)
	require.Len(t, all.Items, 1)
	assert.Equal(t, b.ID, all.Items[0].ID)
	_, field := s.door.Ask(s.admin, "POST", "/v1/budgets", `{"scope":"tenant","subject":"x","window":"day","max":1}`).Refused(400)
	assert.Equal(t, "subject", field)
	_, member := s.Key(s.tenant, dcoder.RoleMember)
	s.door.Ask(member, "DELETE", "/v1/budgets/"+b.ID, nil).Refused(403)
	require.Equal(t, 204, s.door.Ask(s.admin, "DELETE", "/v1/budgets/"+b.ID, nil).Status)
	s.door.Ask(s.admin, "DELETE", "/v1/budgets/"+b.ID, nil).Refused(404)
	s.door.Ask(s.admin, "GET", "/v1/budgets/nonsense", nil).Refused(404)
	assert.Equal(t, []string{"limit.set", "limit.set", "limit.deleted"}, s.Audited(s.tenant, "limit", "tenant///money/month"))
}

func TestAnApprovalRaisesALimitAtTheNextCall(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	key, caller := s.Key(s.tenant, dcoder.RoleMember)
	s.door.Ask(s.admin, "PUT", "/v1/quotas", `{"limits":[{"scope":"key","metric":"tokens","window":"month","max":10,"action":"approve"}]}`).Into(200, nil)
	_, v := s.admit(t, key, 11, 0)
	require.False(t, v.Admitted)
	require.Equal(t, dcoder.ActionApprove, v.Exceeded.Limit.Action)
	before := v.TenantGen

	s.door.Ask(caller, "POST", "/v1/approvals", `{"scope":"tenant","metric":"tokens","window":"month","amount":5}`).Refused(404)
	var a dcoder.Approval
	s.door.Ask(caller, "POST", "/v1/approvals", `{"scope":"key","metric":"tokens","window":"month","amount":5,"reason":"a report"}`,
		"Idempotency-Key", "once").Into(201, &a)
	s.door.Ask(caller, "POST", "/v1/approvals", `{"scope":"key","metric":"tokens","window":"month","amount":5,"reason":"a report"}`,
		"Idempotency-Key", "once").Into(201, nil)
	assert.Equal(t, dcoder.ApprovalPending, a.State)
	assert.Equal(t, key, a.Subject)
	_, v = s.admit(t, key, 11, 0)
	require.False(t, v.Admitted, "a request raises nothing")
	s.door.Ask(caller, "POST", "/v1/approvals/"+a.ID+"/approve", `{}`).Refused(403)
	s.door.Ask(s.admin, "POST", "/v1/approvals/"+a.ID+"/approve", `{"note":"go on"}`).Into(200, &a)
	assert.Equal(t, dcoder.ApprovalApproved, a.State)

	_, v = s.admit(t, key, 16, 0)
	require.False(t, v.Admitted)
	assert.Equal(t, int64(15), v.Exceeded.Limit.Max)
	assert.Greater(t, v.TenantGen, before, "snapshots read it at the next call")
	_, v = s.admit(t, key, 15, 0)
	require.True(t, v.Admitted)
	other, _ := s.Key(s.tenant, dcoder.RoleMember)
	_, v = s.admit(t, other, 11, 0)
	require.False(t, v.Admitted, "it is of one key")

	var all struct{ Items []dcoder.Approval }
	s.door.Ask(caller, "GET", "/v1/approvals?state=approved", nil).Into(200, &all)
	require.Len(t, all.Items, 1)
	_, stranger := s.Key(s.tenant, dcoder.RoleMember)
	s.door.Ask(stranger, "GET", "/v1/approvals", nil).Into(200, &all)
	assert.Empty(t, all.Items)
	s.door.Ask(stranger, "GET", "/v1/approvals/"+a.ID, nil).Refused(404)

	s.door.Ask(s.admin, "POST", "/v1/approvals/"+a.ID+"/expire", `{}`).Into(200, &a)
	assert.Equal(t, dcoder.ApprovalExpired, a.State)
	_, v = s.admit(t, other, 1, 0)
	require.True(t, v.Admitted)
	_, v = s.admit(t, key, 1, 0)
	require.False(t, v.Admitted, "what was approved is over")
	s.door.Ask(s.admin, "POST", "/v1/approvals/"+a.ID+"/approve", `{}`).Refused(409)
	assert.Equal(t, []string{"approval.requested", "approval.approved", "approval.expired"}, s.Audited(s.tenant, "approval", a.ID))
}

func TestApprovalsLapseByTime(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	key, caller := s.Key(s.tenant, dcoder.RoleMember)
	s.door.Ask(s.admin, "PUT", "/v1/quotas", `{"limits":[{"scope":"key","metric":"tokens","window":"month","max":10,"action":"approve"}]}`).Into(200, nil)
	s.door.Ask(caller, "POST", "/v1/approvals", `{"scope":"key","metric":"tokens","window":"month","amount":5,"until":"2020-01-01T00:00:00Z"}`).Refused(400)
	a := dcoder.Approval{
		ID: dcoder.NewID(), Scope: "key", Subject: key, Metric: "tokens", Window: "month", Amount: 5, Requester: key,
		Created: time.Now().Add(-time.Hour).UTC(), Until: time.Now().Add(-time.Minute).UTC(),
	}
	require.NoError(t, s.approvals.Request(t.Context(), s.tenant, a))
	var got dcoder.Approval
	s.door.Ask(s.admin, "GET", "/v1/approvals/"+a.ID, nil).Into(200, &got)
	assert.Equal(t, dcoder.ApprovalExpired, got.State, "before anybody wrote it down")
	code, _ := s.door.Ask(s.admin, "POST", "/v1/approvals/"+a.ID+"/approve", `{}`).Refused(409)
	assert.Equal(t, "approval_decided", code)
	for _, want := range []int{1, 0} {
		n, err := s.approvals.Expire(t.Context(), s.tenant)
		require.NoError(t, err)
		assert.Equal(t, want, n)
	}
	assert.Equal(t, []string{"approval.requested", "approval.expired"}, s.Audited(s.tenant, "approval", a.ID))
}

func TestThePlatformsLimitsReachEveryTenant(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	owner := s.Owner()
	s.door.Ask(s.admin, "PUT", "/v1/quotas", `{"limits":[{"scope":"platform","metric":"tokens","window":"day","max":10}]}`).Refused(400)
	s.door.Ask(owner, "PUT", "/v1/quotas", `{"limits":[{"scope":"tenant","metric":"tokens","window":"day","max":10}]}`).Refused(400)
	var got struct{ Items []dcoder.Limit }
	s.door.Ask(owner, "PUT", "/v1/quotas", `{"limits":[{"scope":"platform","metric":"tokens","window":"day","max":10}]}`).Into(200, &got)
	require.Len(t, got.Items, 1)
	key, _ := s.Key(s.tenant, dcoder.RoleMember)
	snap, err := s.Build(t.Context(), s.tenant, key)
	require.NoError(t, err)
	require.Equal(t, got.Items[0].Scope, snap.Limits[0].Scope)
	require.Equal(t, int64(10), snap.Limits[0].Max)
	var uses struct{ Items []use }
	s.door.Ask(owner, "GET", "/v1/quotas/usage", nil).Into(200, &uses)
	require.Len(t, uses.Items, 1)
}

func TestCountersAreMirroredAndReadLater(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	told := dcoder.QuotaUpdated{
		Limit: dcoder.Limit{Scope: "tenant", Metric: "tokens", Window: "month", Max: 100}, Used: 60, Period: "2026-10", At: time.Now().UTC(),
	}
	old := told
	old.Used, old.At = 40, told.At.Add(-time.Hour)
	require.NoError(t, s.limits.Mirror(t.Context(), s.tenant, []dcoder.QuotaUpdated{told, old, told}))
	var got struct{ Items []use }
	s.door.Ask(s.admin, "GET", "/v1/quotas/usage?period=2026-10", nil).Into(200, &got)
	require.Len(t, got.Items, 1)
	assert.Equal(t, int64(60), got.Items[0].Used)
	assert.Equal(t, "mirror", got.Items[0].Source)
}

func TestCountersThatDriftedFollowTheRowsOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	key, _ := s.Key(s.tenant, dcoder.RoleMember)
	s.door.Ask(s.admin, "PUT", "/v1/quotas", `{"limits":[
		{"scope":"tenant","metric":"tokens","window":"day","max":1000},{"scope":"key","metric":"requests","window":"month","max":50}]}`).Into(200, nil)
	a, v := s.admit(t, key, 30, 0)
	r := dcoder.UsageRecord{
		V: 1, ID: a.ID, Attempt: 1, Revision: 1, Time: v.Time, Tenant: s.tenant, Key: key, State: dcoder.UsageFinal, Tokens: dcoder.Tokens{Output: 20},
	}
	s.ledger.Settle(&llm.Settlement{Admission: a, Verdict: v, Used: llm.Amounts{Requests: 1, Tokens: 20}, Record: r})
	require.NoError(t, s.ledger.Drain(t.Context()))
	require.NoError(t, postgres.NewUsage(s.Databases).Write(t.Context(), s.tenant, []dcoder.UsageRecord{r}))

	limits, err := s.limits.Subjects(t.Context(), s.tenant)
	require.NoError(t, err)
	require.Len(t, limits, 2)
	reconcile := func(delivered bool) int {
		n, err := s.ledger.Reconcile(t.Context(), s.tenant, "UTC", limits, s.arrived(delivered))
		require.NoError(t, err)
		return n
	}
	assert.Zero(t, reconcile(true), "nothing has drifted")
	for _, drift := range []float64{+700, -15} {
		s.drift(t, "ttd:", drift)
		if drift > 0 {
			assert.Zero(t, reconcile(false), "rows may still be on their way")
		}
		assert.Equal(t, 1, reconcile(true))
		assert.Zero(t, reconcile(true), "once")
		got, err := s.ledger.Look(t.Context(), s.tenant, "UTC", limits)
		require.NoError(t, err)
		assert.Equal(t, int64(20), got[0].Used)
		assert.Equal(t, int64(1), got[1].Used)
	}
}
