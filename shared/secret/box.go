package secret

import (
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// Box seals and opens the secrets of one tenant. It is safe for concurrent use.
type Box struct {
	tenant string
	cipher *subtle.AESGCM
}

func newBox(tenant string, dataKey []byte) (*Box, error) {
	cipher, err := subtle.NewAESGCM(dataKey)
	if err != nil {
		return nil, fmt.Errorf("use data key of %s: %w", tenant, err)
	}
	return &Box{tenant, cipher}, nil
}

// Seal encrypts plaintext for one object of the tenant, e.g. "provider/openai".
func (b *Box) Seal(object string, plaintext []byte) ([]byte, error) {
	sealed, err := b.cipher.Encrypt(plaintext, associated(b.tenant, object))
	if err != nil {
		return nil, fmt.Errorf("seal %s of %s: %w", object, b.tenant, err)
	}
	return append([]byte{versionSealed}, sealed...), nil
}

// Open decrypts what Seal made for the same tenant and object; ErrCannotOpen
// otherwise.
func (b *Box) Open(object string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != versionSealed {
		return nil, fmt.Errorf("open %s of %s: %w", object, b.tenant, ErrCannotOpen)
	}
	plaintext, err := b.cipher.Decrypt(sealed[1:], associated(b.tenant, object))
	if err != nil {
		return nil, fmt.Errorf("open %s of %s: %w", object, b.tenant, ErrCannotOpen)
	}
	return plaintext, nil
}
