package upgrade

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

// TestUpgrade runs an earlier version beside today's.
func TestUpgrade(t *testing.T) {
	p := start(t)
	for _, part := range []struct {
		name string
		test func(*testing.T)
	}{
		{"rows land once", p.rowsLandOnce},
		{"a limit is shared", p.aLimitIsShared},
		{"a blocked key is refused", p.aBlockedKeyIsRefused},
		{"an answer is replayed", p.anAnswerIsReplayed},
		{"a killed process has an heir", p.aKilledProcessHasAnHeir},
		{"streams end well", p.streamsEndWell},
		{"usage is replaced", p.usageIsReplaced},
	} {
		t.Run(part.name, func(t *testing.T) {
			p.t = t
			part.test(t)
		})
	}
}

func (p *platform) both() []*process { return []*process{p.old, p.today} }

// rowsLandOnce alternates calls. Two tenants: the snapshot of one is written by the
// old process and read by the new one, of the other the other way round.
func (p *platform) rowsLandOnce(t *testing.T) {
	first, second := p.newClient(generous()...), p.newClient(generous()...)
	second.asked(p.today, false)
	for i := range 60 {
		first.asked(p.both()[i%2], i%3 == 0)
		second.asked(p.both()[i%2], i%3 == 1)
	}
	for _, c := range []*client{first, second} {
		for id, state := range c.landed() {
			require.Equal(t, "final", state, id)
		}
	}
	t.Logf("%d calls over both versions, %d rows", len(first.sent)+len(second.sent), len(first.rows())+len(second.rows()))
}

// generous is the kinds of limits that both versions know, all out of reach.
func generous() (out []dcoder.Limit) {
	for _, scope := range []dcoder.Scope{dcoder.ScopeKey, dcoder.ScopeUser, dcoder.ScopeGroup, dcoder.ScopeTenant} {
		out = append(out,
			dcoder.Limit{Scope: scope, Metric: dcoder.MetricRequests, Window: dcoder.WindowMinute, Max: 1e6, Action: dcoder.ActionDeny},
			dcoder.Limit{Scope: scope, Metric: dcoder.MetricTokens, Window: dcoder.WindowDay, Max: 1e9, Action: dcoder.ActionDeny},
			dcoder.Limit{Scope: scope, Metric: dcoder.MetricMoney, Window: dcoder.WindowMonth, Max: 1e12, Action: dcoder.ActionAlert})
	}
	return out
}

// aLimitIsShared uses up a part of what a minute allows in turns, then asks for far
// more than the rest at once, half of it of each.
func (p *platform) aLimitIsShared(t *testing.T) {
	const most = 30
	c := p.newClient(dcoder.Limit{
		Scope: dcoder.ScopeTenant, Metric: dcoder.MetricRequests, Window: dcoder.WindowMinute, Max: most, Action: dcoder.ActionDeny,
	})
	require.Eventually(t, func() bool { // all of it in one minute, which slides
		return time.Now().Second() < 40
	}, 30*time.Second, 50*time.Millisecond)
	var served, refused [2]atomic.Int64
	for i := range most / 2 {
		c.asked(p.both()[i%2], false)
		served[i%2].Add(1)
	}
	var all sync.WaitGroup
	for i := range 2 * most {
		all.Go(func() {
			switch a := c.ask(p.both()[i%2], false); a.status {
			case 200:
				served[i%2].Add(1)
			case 429:
				refused[i%2].Add(1)
			default:
				t.Errorf("%d: %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, most, served[0].Load()+served[1].Load())
	require.EqualValues(t, most+most/2, refused[0].Load()+refused[1].Load())
	for _, x := range p.both() {
		require.Equal(t, 429, c.ask(x, false).status)
	}
	t.Logf("of %d served: %d by the old one, %d by today's", most, served[0].Load(), served[1].Load())
}

func (p *platform) aBlockedKeyIsRefused(t *testing.T) {
	c, keys := p.newClient(), postgres.NewKeys(p.Databases)
	for range 3 {
		for _, x := range p.both() {
			c.asked(x, false)
		}
		_, err := keys.Block(t.Context(), c.tenant, c.key)
		require.NoError(t, err)
		for _, x := range p.both() {
			require.Equal(t, 401, c.ask(x, false).status, "the next request of %s", x.path)
		}
		_, err = keys.Unblock(t.Context(), c.tenant, c.key)
		require.NoError(t, err)
	}
	c.landed()
}

// anAnswerIsReplayed holds that an idempotency key is one key for both.
func (p *platform) anAnswerIsReplayed(t *testing.T) {
	c := p.newClient()
	for i, x := range p.both() {
		key := dcoder.NewID()
		first := c.ask(x, false, dcoder.HeaderIdempotencyKey, key)
		require.Equal(t, 200, first.status, first.body)
		var again answer
		require.Eventually(t, func() bool { // it is kept after its last byte is sent: 409 until then
			again = c.ask(p.both()[1-i], false, dcoder.HeaderIdempotencyKey, key)
			return again.status != 409
		}, 10*time.Second, 10*time.Millisecond)
		require.Equal(t, 200, again.status, again.body)
		require.Equal(t, "true", again.header.Get(dcoder.HeaderReplayed))
		require.Equal(t, first.body, again.body)
	}
}

// aKilledProcessHasAnHeir kills each in the middle of a stream: the other settles
// it from the journal, once.
func (p *platform) aKilledProcessHasAnHeir(t *testing.T) {
	c := p.newClient(generous()...)
	c.pace(50*time.Millisecond, 400)
	for _, x := range p.both() {
		id, _ := c.running(x)
		x.kill()
		require.Equal(t, "lost", c.landed()[id])
		x.start()
	}
}

// streamsEndWell stops each while streams run on both.
func (p *platform) streamsEndWell(t *testing.T) {
	c := p.newClient(generous()...)
	c.pace(40*time.Millisecond, 60)
	for _, x := range p.both() {
		var whole []func() bool
		for i := range 6 {
			_, w := c.running(p.both()[i%2])
			whole = append(whole, w)
		}
		x.stop()
		for i, w := range whole {
			require.True(t, w(), "stream %d was cut", i)
		}
		x.start()
	}
	for id, state := range c.landed() {
		require.Equal(t, "final", state, id)
	}
}

// usageIsReplaced leaves the old function usage at work on the new schema for a
// while. What it can write and what it cannot: once today's stands in its place,
// every row is there, once.
func (p *platform) usageIsReplaced(t *testing.T) {
	c := p.newClient(dcoder.Limit{
		Scope: dcoder.ScopeTenant, Metric: dcoder.MetricTokens, Window: dcoder.WindowDay, Max: 1000, Action: dcoder.ActionAlert, Alerts: []int{50},
	})
	p.usage.stop()
	p.oldUsage.start()
	for i := range 20 {
		c.asked(p.both()[i%2], false)
	}
	refused := func() bool { return strings.Contains(p.oldUsage.log.String(), "ON CONFLICT") }
	require.Eventually(t, func() bool { return refused() || len(c.rows()) == len(c.sent) }, 30*time.Second, 50*time.Millisecond, "%s", p.oldUsage.log)
	t.Logf("the old usage refused: %v; rows by it: %d of %d", refused(), len(c.rows()), len(c.sent))
	p.oldUsage.stop()
	p.usage.start()
	for id, state := range c.landed() {
		require.Equal(t, "final", state, id)
	}
}
