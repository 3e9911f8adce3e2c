package llm

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// broker takes what it is given, or nothing.
type broker struct {
	mu   sync.Mutex
	got  []dcoder.Envelope
	away bool
}

func (b *broker) Publish(_ context.Context, events ...dcoder.Envelope) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errors.New("no broker")
	}
	b.got = append(b.got, events...)
	return nil
}

func TestEventsNeverMakeACallWait(t *testing.T) {
	var b broker
	e := NewEvents(&b)
	for range eventQueue + 10 {
		e.Send(t.Context(), "t", dcoder.FailoverCompleted{Call: "c"})
	}
	require.EqualValues(t, 10, e.Dropped())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, e.Run(ended), "what is queued goes out at a drain")
	require.Len(t, b.got, eventQueue)
	require.Equal(t, "provider.failover.completed", b.got[0].Type)

	b.away = true
	e.Send(t.Context(), "t", dcoder.FailoverCompleted{})
	require.NoError(t, e.Flush(t.Context()))
	require.EqualValues(t, 11, e.Dropped())

	var nobody *Events
	nobody.Send(t.Context(), "t", dcoder.FailoverCompleted{})
}
