package semcache_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// traffic feeds a policy with requests of a partition whose proposals are wrong
// by chance, and counts what clients got.
type traffic struct {
	policy                          *semcache.Policy
	chance                          *rand.Rand
	requests, served, wrong, checks int
}

func newTraffic(cfg semcache.Config) *traffic {
	return &traffic{policy: semcache.NewPolicy(cfg), chance: rand.New(rand.NewPCG(1, 2))}
}

// proposal describes a good-looking proposal, or a poor one.
func proposal(good bool) semcache.Features {
	var f semcache.Features
	f.Dense[0] = 1
	if good {
		f.Dense[1], f.Dense[2], f.Dense[3] = 4, 4, 3
	}
	return f
}

func (s *traffic) ask(partition uint64, good bool, error float64) semcache.Decision {
	f := proposal(good)
	d := s.policy.Decide(partition, &f, s.chance.Float64())
	same := s.chance.Float64() >= error
	s.requests++
	if d.Verify {
		s.checks++
	}
	if d.Serve {
		s.served++
		if !same {
			s.wrong++
		}
	}
	s.policy.Observe(&semcache.Observation{
		Partition: partition, Score: d.Score, Proposed: true, Labelled: !d.Serve, Same: same, Features: f,
	})
	return d
}

func TestG7ServesOnlyUnderTheBound(t *testing.T) {
	s := newTraffic(semcache.Config{Delta: 0.01})
	require.False(t, s.policy.Open(), "without evidence nothing is served")
	for s.requests < 3000 {
		s.ask(1, s.requests%2 == 0, map[bool]float64{true: 0.002, false: 0.5}[s.requests%2 == 0])
		if b := s.policy.Bound(); s.policy.Open() {
			require.LessOrEqual(t, b.Requests, 0.01)
			require.LessOrEqual(t, b.Served, 0.05)
		}
	}
	require.True(t, s.policy.Open())
	require.Greater(t, s.served, 600)
	require.LessOrEqual(t, float64(s.wrong), 0.01*float64(s.requests))
}

func TestG7StaysClosedWhereTheErrorIsHigh(t *testing.T) {
	s := newTraffic(semcache.Config{Delta: 0.01})
	for s.requests < 3000 {
		s.ask(1, true, 0.08)
	}
	require.Zero(t, s.served)
}

func TestG7ClosesWhenTheErrorRises(t *testing.T) {
	s := newTraffic(semcache.Config{Delta: 0.01, Window: 2048})
	for s.requests < 2000 {
		s.ask(1, true, 0)
	}
	require.True(t, s.policy.Open())
	before := s.wrong
	for i := 0; i < 4000; i++ {
		s.ask(1, true, 0.5)
	}
	require.False(t, s.ask(1, true, 0.5).Would, "by its own record, or the tenant's bound")
	require.Less(t, s.wrong-before, 200, "it closed after some dozen verified ones")
}

func TestG7HardFindingsAreNeverOverruled(t *testing.T) {
	s := newTraffic(semcache.Config{})
	for s.requests < 1000 {
		s.ask(1, true, 0)
	}
	require.True(t, s.policy.Open())
	f := proposal(true)
	f.Hard = true
	require.False(t, s.policy.Decide(1, &f, 0.99).Would)
	f.Hard = false
	require.True(t, s.policy.Decide(1, &f, 0.99).Serve)
}

// TestG8VerifySampling: some would-be hits call the provider all the same.
func TestG8VerifySampling(t *testing.T) {
	s := newTraffic(semcache.Config{Delta: 0.05, Verify: 0.1, Floor: 0.01})
	for s.requests < 6000 {
		s.ask(1, true, 0.001)
	}
	share := float64(s.checks) / float64(s.checks+s.served)
	require.Greater(t, share, 0.01)
	require.Less(t, share, 0.11, "fewer than the start, since the bound has room")
	f := proposal(true)
	require.True(t, s.policy.Decide(1, &f, 0).Verify)
	require.True(t, s.policy.Decide(1, &f, 0.999).Serve)
}

func TestPartitionsShareEvidence(t *testing.T) {
	s := newTraffic(semcache.Config{Delta: 0.01})
	for s.requests < 3000 { // a hundred small partitions: none could open by itself
		s.ask(uint64(s.requests%100), true, 0.001)
	}
	require.True(t, s.policy.Open())
	require.Greater(t, s.served, 1000)

	fresh := uint64(5000)
	verified := 0
	for range 20 {
		if s.ask(fresh, true, 0).Verify {
			verified++
		}
	}
	require.Greater(t, verified, 3, "a new partition is verified more")
}

func TestABadPartitionClosesItself(t *testing.T) {
	s := newTraffic(semcache.Config{Delta: 0.01})
	for s.requests < 3000 {
		s.ask(uint64(s.requests%50), true, 0)
	}
	require.True(t, s.policy.Open())
	bad, before := uint64(999), s.wrong
	for range 60 {
		s.ask(bad, true, 0.5)
		s.ask(1, true, 0)
	}
	require.True(t, s.policy.Closed(bad))
	require.False(t, s.policy.Closed(1))
	require.Less(t, s.wrong-before, 12)
	for range 1000 {
		s.ask(bad, true, 0)
	}
	require.False(t, s.policy.Closed(bad), "its own record opens it again")
}

// TestTheSameObservationsMakeTheSamePolicy: processes that read one log agree.
func TestTheSameObservationsMakeTheSamePolicy(t *testing.T) {
	a, b := newTraffic(semcache.Config{}), semcache.NewPolicy(semcache.Config{})
	for range 1500 {
		good := a.chance.Float64() < 0.6
		f := proposal(good)
		f.Alone = []uint32{a.chance.Uint32() % 50}
		d := a.policy.Decide(1, &f, 1)
		o := semcache.Observation{Partition: 1, Score: d.Score, Proposed: true, Labelled: !d.Serve, Same: good, Features: f}
		stored, err := semcache.ReadObservation(o.Append(nil))
		require.NoError(t, err)
		a.policy.Observe(&stored)
		b.Observe(&stored)
	}
	f := proposal(true)
	require.Equal(t, a.policy.Decide(1, &f, 0.5), b.Decide(1, &f, 0.5))
	require.Equal(t, a.policy.Bound(), b.Bound())
}
