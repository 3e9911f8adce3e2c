package secret

import (
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Rotation without downtime takes three keysets, each rolled out to every
// process before the next: AddKey's (all can open what the new key wraps),
// PromoteKey's (the new key wraps; rewrap the catalogue now), RetireKeys' (the
// old key is gone). Each is repeatable: it says so when there is nothing to do.

// ErrNothingToRotate says that a keyset is already what the step would make it.
var ErrNothingToRotate = errors.New("the keyset is already in that state")

// AddKey returns the keyset with a fresh key that opens but does not wrap yet.
// ErrNothingToRotate: a key already waits to be promoted.
func AddKey(json string) (string, error) {
	return change(json, func(m *keyset.Manager, primary, newest uint32) error {
		if primary != newest {
			return ErrNothingToRotate
		}
		_, err := m.Add(aead.AES256GCMKeyTemplate())
		return err
	})
}

// PromoteKey returns the keyset in which the newest key wraps.
func PromoteKey(json string) (string, error) {
	return change(json, func(m *keyset.Manager, primary, newest uint32) error {
		if primary == newest {
			return ErrNothingToRotate
		}
		return m.SetPrimary(newest)
	})
}

// RetireKeys returns the keyset with its primary key alone. What another key
// wrapped and nobody rewrapped does not open any more.
func RetireKeys(json string) (string, error) {
	old, err := ParseKeyset(json)
	if err != nil {
		return "", err
	}
	if old.handle.Len() == 1 {
		return "", ErrNothingToRotate
	}
	return change(json, func(m *keyset.Manager, primary, _ uint32) error {
		for _, id := range ids(old.handle) {
			if id == primary {
				continue
			}
			if err := m.Delete(id); err != nil {
				return err
			}
		}
		return nil
	})
}

func change(json string, step func(m *keyset.Manager, primary, newest uint32) error) (string, error) {
	old, err := ParseKeyset(json)
	if err != nil {
		return "", err
	}
	primary, err := old.handle.Primary()
	if err != nil {
		return "", fmt.Errorf("find the primary key: %w", err)
	}
	all := ids(old.handle)
	m := keyset.NewManagerFromHandle(old.handle)
	if err := step(m, primary.KeyID(), all[len(all)-1]); err != nil {
		return "", err
	}
	h, err := m.Handle()
	if err != nil {
		return "", fmt.Errorf("rotate the key encryption key: %w", err)
	}
	return write(h)
}

// ids lists the keys in the order in which they were added.
func ids(h *keyset.Handle) []uint32 {
	var out []uint32
	for i := range h.Len() {
		if e, err := h.Entry(i); err == nil {
			out = append(out, e.KeyID())
		}
	}
	return out
}
