package secret

import (
	"context"
	"encoding/binary"
	"fmt"
)

// Seal encrypts plaintext under a data key of this process that travels with
// the ciphertext, wrapped: any process with the key encryption key opens it and
// needs no catalogue for that. For what lives shortly outside a tenant's
// database, such as snapshots in Redis.
func (v *Vault) Seal(_ context.Context, tenant, object string, plaintext []byte) ([]byte, error) {
	own, err := v.own()
	if err != nil {
		return nil, err
	}
	box, err := v.carried(tenant, own.wrapped, func() ([]byte, error) { return own.plain, nil })
	if err != nil {
		return nil, err
	}
	sealed, err := box.Seal(object, plaintext)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 3+len(own.wrapped)+len(sealed))
	out = binary.BigEndian.AppendUint16(append(out, versionCarrying), uint16(len(own.wrapped)))
	return append(append(out, own.wrapped...), sealed...), nil
}

// Open decrypts what Seal made, in this process or another, for the same tenant
// and object; ErrCannotOpen otherwise.
func (v *Vault) Open(ctx context.Context, tenant, object string, sealed []byte) ([]byte, error) {
	wrapped, rest, ok := cutCarried(sealed)
	if !ok {
		return nil, fmt.Errorf("open %s of %s: %w", object, tenant, ErrCannotOpen)
	}
	box, err := v.carried(tenant, wrapped, func() ([]byte, error) { return v.unwrap(ctx, ownBinding, wrapped) })
	if err != nil {
		return nil, err
	}
	return box.Open(object, rest)
}

func (v *Vault) carried(tenant string, wrapped []byte, key func() ([]byte, error)) (*Box, error) {
	return v.remembered(tenant, wrapped, func() (*Box, error) {
		k, err := key()
		if err != nil {
			return nil, err
		}
		return newBox(tenant, k)
	})
}

func (v *Vault) newOwnKey() (ownKey, error) {
	plain := randomKey()
	wrapped, err := v.wrap(context.Background(), ownBinding, plain)
	return ownKey{plain, wrapped}, err
}

func cutCarried(sealed []byte) (wrapped, rest []byte, ok bool) {
	if len(sealed) < 3 || sealed[0] != versionCarrying {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(sealed[1:]))
	if len(sealed) < 3+n {
		return nil, nil, false
	}
	return sealed[3 : 3+n], sealed[3+n:], true
}
