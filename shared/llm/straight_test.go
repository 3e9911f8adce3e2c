package llm_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// broker is a publisher that a test breaks.
type broker struct {
	mu   sync.Mutex
	down bool
	got  []dcoder.Envelope
}

func (b *broker) Publish(_ context.Context, events ...dcoder.Envelope) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return errors.New("the broker is down")
	}
	b.got = append(b.got, events...)
	return nil
}

// kept is a journal that remembers.
type kept struct {
	llm.NoJournal
	rows []dcoder.UsageRecord
}

func (k *kept) Append(r ...dcoder.UsageRecord) error {
	k.rows = append(k.rows, r...)
	return nil
}

func TestStraightPublishesOrKeeps(t *testing.T) {
	b, k := &broker{}, &kept{}
	s := llm.NewStraight(b, k)
	s.Keep(dcoder.UsageRecord{ID: "1", Tenant: "t"})
	require.NoError(t, s.Flush(t.Context()))
	require.Len(t, b.got, 1)
	require.Equal(t, "usage.recorded", b.got[0].Type)
	require.Empty(t, k.rows)

	b.down = true
	s.Keep(dcoder.UsageRecord{ID: "2", Tenant: "t"})
	s.Keep(dcoder.UsageRecord{ID: "3", Tenant: "t"})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, s.Run(ended), "what is queued is handed on at the end")
	require.Len(t, k.rows, 2)
}
