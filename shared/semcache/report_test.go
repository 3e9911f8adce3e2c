package semcache_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

func TestAReportOfShadowAndOfService(t *testing.T) {
	serve, verify, miss := semcache.Decision{Would: true, Serve: true}, semcache.Decision{Would: true, Verify: true}, semcache.Decision{}
	for name, c := range map[string]struct {
		shadow   bool
		outcomes []semcache.Outcome
		want     semcache.Report
	}{
		"shadow": {
			true,
			[]semcache.Outcome{
				{Decision: serve, Labelled: true, Same: true, Price: 100, Embedded: 1},
				{Decision: serve, Labelled: true, Same: false, Price: 100, Embedded: 1},
				{Decision: verify, Labelled: true, Same: true, Price: 100, Embedded: 1},
				{Decision: miss, Labelled: true, Same: false, Price: 100, Embedded: 1},
			},
			semcache.Report{Requests: 4, Would: 3, Verified: 3, Wrong: 1, Saved: 200, Spent: 4},
		},
		"service": {
			false,
			[]semcache.Outcome{
				{Decision: serve, Price: 100, Embedded: 1},
				{Decision: verify, Labelled: true, Same: true, Price: 100, Embedded: 1},
				{Decision: miss, Labelled: true, Price: 100, Embedded: 1},
			},
			semcache.Report{Requests: 3, Would: 2, Served: 1, Verified: 1, Saved: 100, Spent: 103},
		},
	} {
		var r semcache.Report
		for _, o := range c.outcomes {
			o.Shadow = c.shadow
			r.Add(&o)
		}
		require.Equal(t, c.want, r, name)
	}
	low, high := (&semcache.Report{Verified: 100, Wrong: 5}).Error(0.95)
	require.InDelta(t, 0.0164, low, 1e-4)
	require.InDelta(t, 0.1128, high, 1e-4)
}
