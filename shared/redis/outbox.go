package redis

import (
	"context"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
)

// Outbox implements dispatch.Outbox over the streams that settlements write to.
type Outbox struct{ client goredis.UniversalClient }

var _ dispatch.Outbox = (*Outbox)(nil)

// NewOutbox returns the outbox of the ledger on client.
func NewOutbox(client goredis.UniversalClient) *Outbox { return &Outbox{client} }

// Tenants implements dispatch.Outbox: those active within the last hour, or with
// something left.
func (o *Outbox) Tenants(ctx context.Context) ([]string, error) {
	tenants, err := o.client.ZRange(ctx, activeKey, 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("list active tenants: %w", err)
	}
	return tenants, nil
}

// Lease implements dispatch.Outbox. The lease ends by itself after d.
func (o *Outbox) Lease(ctx context.Context, tenant string, d time.Duration) (func(), bool, error) {
	token := dcoder.NewID()
	ok, err := o.client.SetNX(ctx, relayKey(tenant), token, d).Result()
	if err != nil {
		return nil, false, fmt.Errorf("lease the outbox of %s: %w", tenant, err)
	}
	if !ok {
		return func() {}, false, nil
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		_ = embedded.release.run(ctx, o.client, []string{relayKey(tenant)}, token).Err() // it ends by itself
	}, true, nil
}

// Pending implements dispatch.Outbox.
func (o *Outbox) Pending(ctx context.Context, tenant string, minAge time.Duration, most int) ([]dispatch.OutboxEntry, error) {
	n := namesOf(tenant)
	until := "+"
	if minAge > 0 {
		now, err := embedded.now(ctx, o.client, n.outbox)
		if err != nil {
			return nil, err
		}
		until = fmt.Sprint(now.Add(-minAge).UnixMilli())
	}
	found, err := o.client.XRangeN(ctx, n.outbox, "-", until, int64(most)).Result()
	if err != nil {
		return nil, fmt.Errorf("read the outbox of %s: %w", tenant, err)
	}
	entries := make([]dispatch.OutboxEntry, 0, len(found))
	for _, e := range found {
		text, _ := e.Values["d"].(string)
		entries = append(entries, dispatch.OutboxEntry{ID: e.ID, Records: []byte(text)})
	}
	return entries, nil
}

// Delete implements dispatch.Outbox.
func (o *Outbox) Delete(ctx context.Context, tenant string, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := o.client.XDel(ctx, namesOf(tenant).outbox, ids...).Err(); err != nil {
		return fmt.Errorf("delete from the outbox of %s: %w", tenant, err)
	}
	return nil
}
