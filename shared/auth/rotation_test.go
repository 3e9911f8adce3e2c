package auth_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

func parsed(t *testing.T, text string, err error) (string, *auth.Peppers) {
	t.Helper()
	require.NoError(t, err)
	p, err := auth.ParsePeppers(text)
	require.NoError(t, err)
	return text, p
}

// fleet is the processes that serve at the moment.
type fleet struct {
	serving        atomic.Pointer[[]*auth.Keeper]
	asked, refused atomic.Int64
	last           atomic.Int64 // status of the last refusal
}

// roll puts other processes in the place of those that serve, and lets them
// answer some requests.
func (f *fleet) roll(t *testing.T, keepers ...*auth.Keeper) {
	t.Helper()
	f.serving.Store(&keepers)
	until := f.asked.Load() + 50
	require.Eventually(t, func() bool { return f.asked.Load() > until }, 30*time.Second, time.Millisecond)
}

// traffic asks the fleet without end, until stopped.
func (h *house) traffic(text string, f *fleet) (stop func()) {
	done, wait := make(chan struct{}), sync.WaitGroup{}
	for range 4 {
		wait.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, k := range *f.serving.Load() {
					f.asked.Add(1)
					if s := h.admitted(k, request(text)); s != 200 {
						f.refused.Add(1)
						f.last.Store(int64(s))
					}
				}
			}
		})
	}
	return func() { close(done); wait.Wait() }
}

func (h *house) pepperOf(tenant, id string) (pepper string) {
	h.t.Helper()
	require.NoError(h.t, h.site.ReadTenant(h.t.Context(), tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(h.t.Context(), "SELECT pepper_id FROM keys WHERE id = $1", id).Scan(&pepper)
	}))
	return pepper
}

func TestPepperRotationRefusesNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, peppers := parsed(t, mustText(auth.NewPeppers()), nil)
	h.peppers = peppers
	tenant := h.site.NewTenant()
	id, text := h.key(tenant)
	idle, idleText := h.key(tenant)
	var all []*auth.Keeper
	with := func(p *auth.Peppers) *auth.Keeper {
		k := h.keeper(func(o *auth.Options) { o.Peppers, o.Rekeyer = p, h.keys })
		all = append(all, k)
		return k
	}
	before := with(peppers)
	f := &fleet{}
	f.serving.Store(&[]*auth.Keeper{before})
	stop := h.traffic(text, f)
	f.roll(t, before)
	two, p2 := parsed(t, mustText(auth.AddPepper(one)), nil)
	added := with(p2)
	f.roll(t, before, added)
	f.roll(t, added)
	three, p3 := parsed(t, mustText(auth.PromotePepper(two, "p2")), nil)
	promoted := with(p3)
	f.roll(t, added, promoted)
	f.roll(t, promoted)
	require.Eventually(t, func() bool { return h.pepperOf(tenant, id) == "p2" }, 10*time.Second, 10*time.Millisecond, "rekeyed by use")
	_, p4 := parsed(t, mustText(auth.RemovePepper(three, "p1")), nil)
	removed := with(p4)
	f.roll(t, promoted, removed)
	f.roll(t, removed)
	stop()
	assert.Zero(t, f.refused.Load(), "the last with %d", f.last.Load())
	t.Logf("%d requests during the rotation", f.asked.Load())

	assert.Equal(t, "p1", h.pepperOf(tenant, idle))
	assert.Equal(t, 401, h.managed(removed, request(idleText)), "what nobody used in time is refused with its pepper")
	for _, k := range all {
		require.NoError(t, k.Drain(t.Context()))
	}
}

func mustText(text string, err error) string {
	if err != nil {
		panic(err)
	}
	return text
}

func TestKeyEncryptionKeyRotationRefusesNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	_, text := h.key(tenant)
	one := mustText(secret.NewKeyset())
	vault := func(json string) *secret.Vault {
		kek, err := secret.ParseKeyset(json)
		require.NoError(t, err)
		return secret.NewVault(kek)
	}
	two := mustText(secret.AddKey(one))
	three := mustText(secret.PromoteKey(two))
	four := mustText(secret.RetireKeys(three))
	with := func(json string) *auth.Keeper {
		return h.keeper(func(o *auth.Options) { o.Sealer = vault(json) })
	}
	k1, k2, k3, k4 := with(one), with(two), with(three), with(four)
	f := &fleet{}
	f.serving.Store(&[]*auth.Keeper{k1})
	stop := h.traffic(text, f)
	for _, step := range [][]*auth.Keeper{{k1}, {k1, k2}, {k2}, {k2, k3}, {k3}, {k3, k4}, {k4}} {
		f.roll(t, step...)
	}
	stop()
	assert.Zero(t, f.refused.Load(), "the last with %d", f.last.Load())
}

func TestPeppersInJSON(t *testing.T) {
	for _, text := range []string{
		"", "{}", `{"current":"p1","keys":{}}`, `{"current":"p1","keys":{"p1":"c2hvcnQ="}}`, `{"current":"p1","keys":{"p1":"not base64!"}}`,
	} {
		_, err := auth.ParsePeppers(text)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "c2hvcnQ")
	}
	one := mustText(auth.NewPeppers())
	_, err := auth.RemovePepper(one, "p1")
	assert.ErrorContains(t, err, "current")
	two := mustText(auth.AddPepper(one))
	_, p := parsed(t, two, nil)
	assert.Equal(t, []string{"p1", "p2"}, p.IDs())
	a, _ := p.Issue(dcoder.PlatformTenant, dcoder.NewKeyID())
	assert.Equal(t, dcoder.PlatformTenant, a.Tenant)
}
