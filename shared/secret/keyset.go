package secret

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyset is a KEK held in this process: a Tink keyset of AES-256-GCM keys in
// cleartext JSON, as tinkey writes it. The primary key wraps, all keys unwrap.
type Keyset struct {
	handle    *keyset.Handle
	primitive tink.AEAD
}

// NewKeyset returns a keyset with one fresh key, as cleartext JSON: the value of
// DCODER_KEK.
func NewKeyset() (string, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", fmt.Errorf("make a key encryption key: %w", err)
	}
	return write(h)
}

// ParseKeyset reads cleartext JSON that NewKeyset or tinkey wrote. Its errors
// never quote the text.
func ParseKeyset(json string) (*Keyset, error) {
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(json)))
	if err != nil {
		return nil, errors.New("the key encryption key is not a Tink keyset in JSON")
	}
	primitive, err := aead.New(h)
	if err != nil {
		return nil, errors.New("the key encryption key is not a Tink keyset of AEAD keys")
	}
	return &Keyset{h, primitive}, nil
}

// Wrap implements KEK.
func (k *Keyset) Wrap(_ context.Context, key, associated []byte) ([]byte, error) {
	return k.primitive.Encrypt(key, associated)
}

// Unwrap implements KEK.
func (k *Keyset) Unwrap(_ context.Context, wrapped, associated []byte) ([]byte, error) {
	key, err := k.primitive.Decrypt(wrapped, associated)
	if err != nil {
		return nil, ErrCannotOpen
	}
	return key, nil
}

func write(h *keyset.Handle) (string, error) {
	var out strings.Builder
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&out)); err != nil {
		return "", fmt.Errorf("write the key encryption key: %w", err)
	}
	return strings.TrimSpace(out.String()), nil
}
