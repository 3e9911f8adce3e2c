package secret

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
)

// Vault makes, unwraps and rewraps data keys. One a process; it remembers
// unwrapped keys, so that a key management service is asked once for each.
type Vault struct {
	kek KEK

	mu    sync.Mutex
	boxes map[string]*Box // by tenant and wrapped key

	own func() (ownKey, error) // this process's own data key, for what Seal carries
}

// mostBoxes bounds what a vault remembers; beyond it, it begins anew.
const mostBoxes = 20_000

// ownBinding is what the wrapped data key of a process is bound to, in the
// place of a tenant.
const ownBinding = "_process"

type ownKey struct{ plain, wrapped []byte }

// NewVault returns a vault under the key encryption key.
func NewVault(kek KEK) *Vault {
	v := &Vault{kek: kek, boxes: map[string]*Box{}}
	v.own = sync.OnceValues(v.newOwnKey)
	return v
}

// NewDataKey makes a data key for a tenant and returns it wrapped.
func (v *Vault) NewDataKey(ctx context.Context, tenant string) ([]byte, error) {
	return v.wrap(ctx, tenant, randomKey())
}

// Box opens a tenant's wrapped data key.
func (v *Vault) Box(ctx context.Context, tenant string, wrapped []byte) (*Box, error) {
	return v.remembered(tenant, wrapped, func() (*Box, error) {
		key, err := v.unwrap(ctx, tenant, wrapped)
		if err != nil {
			return nil, err
		}
		return newBox(tenant, key)
	})
}

// Rewrap wraps a tenant's data key again, under the newest key encryption key.
// What the data key sealed stays as it is.
func (v *Vault) Rewrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	key, err := v.unwrap(ctx, tenant, wrapped)
	if err != nil {
		return nil, err
	}
	return v.wrap(ctx, tenant, key)
}

func (v *Vault) wrap(ctx context.Context, owner string, key []byte) ([]byte, error) {
	wrapped, err := v.kek.Wrap(ctx, key, associated("data-key", owner))
	if err != nil {
		return nil, fmt.Errorf("wrap data key of %s: %w", owner, err)
	}
	return wrapped, nil
}

func (v *Vault) unwrap(ctx context.Context, owner string, wrapped []byte) ([]byte, error) {
	key, err := v.kek.Unwrap(ctx, wrapped, associated("data-key", owner))
	if err != nil {
		return nil, fmt.Errorf("unwrap data key of %s: %w", owner, err)
	}
	if len(key) != dataKeyLength {
		return nil, fmt.Errorf("unwrap data key of %s: %w", owner, ErrCannotOpen)
	}
	return key, nil
}

func (v *Vault) remembered(tenant string, wrapped []byte, open func() (*Box, error)) (*Box, error) {
	id := tenant + "\x00" + string(wrapped)
	v.mu.Lock()
	b := v.boxes[id]
	v.mu.Unlock()
	if b != nil {
		return b, nil
	}
	b, err := open()
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.boxes) >= mostBoxes {
		clear(v.boxes)
	}
	v.boxes[id] = b
	return b, nil
}

func randomKey() []byte {
	key := make([]byte, dataKeyLength)
	_, _ = rand.Read(key) // never fails since Go 1.24
	return key
}
