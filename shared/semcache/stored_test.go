package semcache_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

func observation() semcache.Observation {
	o := semcache.Observation{Partition: 7, Score: 1.5, Proposed: true, Labelled: true, Same: true, Features: proposal(true)}
	o.Features.Alone, o.Features.Shared = []uint32{1, 2}, []uint32{3}
	return o
}

func TestObservationsComeBack(t *testing.T) {
	labelled := observation()
	for _, o := range []semcache.Observation{labelled, {}, {Partition: 3, Score: -2, Proposed: true}} {
		back, err := semcache.ReadObservation(o.Append(nil))
		require.NoError(t, err)
		require.Equal(t, o, back)
	}
}

func TestBrokenObservationsAreRefused(t *testing.T) {
	o := observation()
	whole := o.Append(nil)
	for n := range whole {
		_, err := semcache.ReadObservation(whole[:n])
		require.ErrorIs(t, err, semcache.ErrObservation, "%d bytes", n)
	}
	_, err := semcache.ReadObservation(append(whole, 0))
	require.ErrorIs(t, err, semcache.ErrObservation)
	o.Features.Dense[3] = float32(math.NaN())
	_, err = semcache.ReadObservation(o.Append(nil))
	require.ErrorIs(t, err, semcache.ErrObservation, "it would poison every weight")
}

func FuzzReadObservation(f *testing.F) {
	o := observation()
	f.Add(o.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := semcache.ReadObservation(b)
		if err != nil {
			return
		}
		p := semcache.NewPolicy(semcache.Config{})
		p.Observe(&o)
		d := p.Decide(o.Partition, &o.Features, 0.5)
		require.False(t, math.IsNaN(d.Score))
	})
}
