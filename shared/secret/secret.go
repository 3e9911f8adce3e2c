// Package secret seals what must not be read from a stolen disk, backup or
// cache: provider credentials, database passwords, snapshots, stored answers.
//
// A key encryption key (from a file, the environment, or a key management
// service behind KEK) wraps data keys; a data key seals. Every tenant has a data
// key of its own, kept wrapped in the catalogue, so that rotating the key
// encryption key rewraps small keys and touches no ciphertext, and forgetting a
// tenant's data key shreds everything that it sealed. Every ciphertext is bound
// to its tenant and object: moved to another, it does not open. The cipher is
// AES-256-GCM of Tink (https://developers.google.com/tink).
//
// The package stores nothing and decides nothing about who may read.
package secret

import (
	"context"
	"errors"
)

// KEK wraps and unwraps data keys. Implementations are safe for concurrent use.
// associated is authenticated, not hidden; Unwrap fails when it differs.
type KEK interface {
	Wrap(ctx context.Context, key, associated []byte) ([]byte, error)
	Unwrap(ctx context.Context, wrapped, associated []byte) ([]byte, error)
}

// ErrCannotOpen says that a ciphertext was damaged, moved from another tenant or
// object, or sealed under a key that is gone. It never says which.
var ErrCannotOpen = errors.New("the secret cannot be opened")

// First bytes of what this package makes: the layout of the rest.
const (
	versionSealed   = 1 // nonce, ciphertext, tag
	versionCarrying = 2 // 2 bytes length, wrapped data key, then as versionSealed
	dataKeyLength   = 32
)

// associated joins the parts that a ciphertext is bound to. Tenants and kinds
// hold no zero byte, so two different lists never join to the same text.
func associated(parts ...string) []byte {
	var out []byte
	for _, p := range parts {
		out = append(append(out, p...), 0)
	}
	return out
}
