package blackbox

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

func tenants(names ...string) edit {
	return func(c *declarative.Config) {
		c.Consumers = nil
		for _, name := range names {
			c.Consumers = append(c.Consumers, declarative.Consumer{Username: name})
		}
	}
}

// statuses asks n times with a key.
func (s *stand) statuses(n int, headers ...string) (out []int) {
	for range n {
		answer, _ := s.ask("GET", "/v1/models", nil, headers...)
		out = append(out, answer.StatusCode)
	}
	return out
}

// inOnePeriod waits when the hour is about to end: counts begin anew with each.
func inOnePeriod(t *testing.T) {
	require.Eventually(t, func() bool { return time.Now().Minute() < 59 }, 2*patience, 50*time.Millisecond)
}

func bearer(tenant string) string {
	return "Bearer " + virtualkey.New(tenant, dcoder.NewKeyID()).Text
}

func TestATenantHasOneCountForAllItsKeys(t *testing.T) {
	redis := stacktest.OwnRedis(t)
	a, b := dcoder.NewTenantID(), dcoder.NewTenantID()
	s := start(t, limit(3), tenants(a, b), redisAt(t, hostOf(t, redis.URL())))
	inOnePeriod(t)
	require.Equal(t, []int{200, 200}, s.statuses(2, "Authorization", bearer(a)))
	require.Equal(t, []int{200, 429}, s.statuses(2, "X-Api-Key", virtualkey.New(a, dcoder.NewKeyID()).Text), "another key, another header, one tenant")
	require.Equal(t, []int{200, 200, 200, 429}, s.statuses(4, "Authorization", bearer(b)), "the neighbour has its own")
	answer, said := s.ask("GET", "/v1/models", nil, "Authorization", bearer(a), "X-Request-Id", "mine")
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	require.Contains(t, said, "too many requests in this minute")
	require.Equal(t, "3", answer.Header.Get("X-RateLimit-Limit-Hour"))
	require.Equal(t, "0", answer.Header.Get("RateLimit-Remaining"))
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	require.Equal(t, "mine", answer.Header.Get("X-Request-Id"))
	require.Equal(t, 6, s.calls())
}

// TestWhoIsNotKnownCountsByAddress, however many keys he makes up.
func TestWhoIsNotKnownCountsByAddress(t *testing.T) {
	redis := stacktest.OwnRedis(t)
	known := dcoder.NewTenantID()
	s := start(t, limit(3), tenants(known), redisAt(t, hostOf(t, redis.URL())))
	inOnePeriod(t)
	require.Equal(t, []int{200}, s.statuses(1))
	require.Equal(t, []int{200}, s.statuses(1, "Authorization", bearer(dcoder.NewTenantID())))
	require.Equal(t, []int{200}, s.statuses(1, "Authorization", "Basic dck_"+known+"_x"), "no bearer")
	require.Equal(t, []int{429}, s.statuses(1, "Authorization", bearer(dcoder.NewTenantID()), "X-Forwarded-For", "9.9.9.9"))
	require.Equal(t, []int{429}, s.statuses(1, "Authorization", "Bearer dck_"+known[:11]+"_x", "X-Consumer-Username", known))
	require.Equal(t, []int{200}, s.statuses(1, "Authorization", bearer(known)), "the tenant is not among them")
}

// TestWithoutRedisEverythingPasses: exact limits are the ledger's.
func TestWithoutRedisEverythingPasses(t *testing.T) {
	redis := stacktest.OwnRedis(t)
	s := start(t, limit(1), redisAt(t, hostOf(t, redis.URL())))
	inOnePeriod(t)
	require.Equal(t, []int{200, 429}, s.statuses(2))
	redis.Stop()
	require.Equal(t, []int{200, 200}, s.statuses(2))
}
