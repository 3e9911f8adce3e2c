package redis_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

func TestTheOutboxHoldsRowsUntilTheyAreDeleted(t *testing.T) {
	t.Parallel()
	heard := map[string]string{}
	l, c, id, _ := opened(t, func(cfg *redis.Config) {
		cfg.OnWritten = func(tenant, entry string, records []byte) { heard[tenant+entry] = string(records) }
	})
	o, ctx := redis.NewOutbox(c), context.Background()
	calls := []string{}
	for range 3 {
		a := admission(id, nil, 10, 1)
		v, err := l.Admit(ctx, a)
		require.NoError(t, err)
		l.Settle(settlement(a, v, 7, 1))
		calls = append(calls, a.ID)
	}
	drain(t, l)

	tenants, err := o.Tenants(ctx)
	require.NoError(t, err)
	require.Contains(t, tenants, id)
	young, err := o.Pending(ctx, id, time.Hour, 10)
	require.NoError(t, err)
	require.Empty(t, young)
	entries, err := o.Pending(ctx, id, 0, 10)
	require.NoError(t, err)
	var ids []string
	for _, e := range entries {
		require.JSONEq(t, heard[id+e.ID], string(e.Records), "the writer hears what it wrote")
		var rows []dcoder.UsageRecord
		require.NoError(t, json.Unmarshal(e.Records, &rows))
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		require.NoError(t, o.Delete(ctx, id, e.ID))
	}
	require.ElementsMatch(t, calls, ids)
	entries, err = o.Pending(ctx, id, 0, 10)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestOneRelayHoldsTheLease(t *testing.T) {
	t.Parallel()
	_, c, id, _ := opened(t)
	o, ctx := redis.NewOutbox(c), context.Background()
	release, ok, err := o.Lease(ctx, id, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	_, ok, err = o.Lease(ctx, id, time.Minute)
	require.NoError(t, err)
	require.False(t, ok)
	release()
	release, ok, err = o.Lease(ctx, id, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	release()
}
