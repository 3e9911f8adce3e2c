// Package functiontest holds the promises of package function's interfaces as
// suites that every implementation passes.
package functiontest

import (
	"context"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// Remembering is a Replays with the store's side of it: Store commits the
// record as a change's transaction would.
type Remembering struct {
	Replays function.Replays
	Store   func(ctx context.Context, r *dcoder.Replay) error
	Tenant  string // that the store knows
	Other   string // another one
}

// Replays is the suite of function.Replays.
func Replays(t *testing.T, r Remembering) {
	t.Run("a free key is not found", func(t *testing.T) {
		found, err := r.Replays.Find(t.Context(), r.Tenant, dcoder.NewID())
		require.NoError(t, err)
		require.Nil(t, found)
	})
	t.Run("what was stored is found, by its tenant only", func(t *testing.T) { r.found(t) })
	t.Run("one of many claims a key, and again after its release", func(t *testing.T) { r.claimed(t) })
	t.Run("keys of two tenants are two keys", func(t *testing.T) {
		key := dcoder.NewID()
		for _, tenant := range []string{r.Tenant, r.Other} {
			release, ok, err := r.Replays.Claim(t.Context(), tenant, key)
			require.NoError(t, err)
			require.True(t, ok)
			defer release()
		}
	})
	t.Run("awkward keys are keys", func(t *testing.T) {
		for _, key := range []string{"a b", "{t}:x", "'; --", "*", `\`, "ü"} {
			release, ok, err := r.Replays.Claim(t.Context(), r.Tenant, key+dcoder.NewID())
			require.NoError(t, err)
			require.True(t, ok)
			release()
		}
	})
}

func (r Remembering) found(t *testing.T) {
	want := dcoder.Replay{
		Tenant: r.Tenant, Key: dcoder.NewID(), Route: "POST /v1/keys", BodyHash: sha256.Sum256([]byte("body")),
		Status: 201, Response: []byte(`{"Status":201,"Body":{"secret":"s"}}`),
	}
	given := want
	require.NoError(t, r.Store(t.Context(), &given))
	found, err := r.Replays.Find(t.Context(), r.Tenant, want.Key)
	require.NoError(t, err)
	require.NotNil(t, found)
	found.Stored = false
	require.Equal(t, want, *found)
	other, err := r.Replays.Find(t.Context(), r.Other, want.Key)
	require.NoError(t, err)
	require.Nil(t, other)
}

func (r Remembering) claimed(t *testing.T) {
	key := dcoder.NewID()
	for range 2 {
		var winners atomic.Int32
		var release atomic.Pointer[func()]
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				free, ok, err := r.Replays.Claim(t.Context(), r.Tenant, key)
				if err != nil {
					t.Error(err)
				}
				if ok {
					winners.Add(1)
					release.Store(&free)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, winners.Load())
		(*release.Load())()
	}
}
