// Package virtualkey is the format of the keys that clients send:
//
//	dck_<tenant>_<id>_<secret><crc>
//
// The prefix and the checksum let secret scanners find a leaked key without a
// false alarm, and let a mistyped key be told from an unknown one without any
// look-up. The tenant and the id say where to look. The package makes and reads
// keys; whether a key is good is decided by package auth.
package virtualkey

import (
	"crypto/rand"
	"errors"
	"hash/crc32"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

const (
	// Prefix begins every virtual key.
	Prefix = "dck_"
	// Pattern matches every virtual key, for secret scanners (RE2).
	Pattern = `dck_(platform|[a-z][a-z0-9]{11})_[a-z0-9]{12}_[0-9A-Za-z]{38}`

	platform     = "platform" // how dcoder.PlatformTenant is written in a key
	idLength     = 12
	secretLength = 32 // of base62: 190 bits
	crcLength    = 6  // of base62: 35 bits hold CRC-32
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// ErrMalformed says that a text is not a virtual key: wrong shape or checksum.
var ErrMalformed = errors.New("not a virtual key")

// Key is a virtual key taken apart. Text holds the secret: it is shown once and
// never logged.
type Key struct {
	Tenant string // tenant id, or dcoder.PlatformTenant
	ID     string
	Text   string // the whole key
}

// New makes a key with a fresh secret. tenant is a tenant id or
// dcoder.PlatformTenant, id comes from dcoder.NewKeyID.
func New(tenant, id string) Key {
	body := Prefix + written(tenant) + "_" + id + "_" + newSecret()
	return Key{Tenant: tenant, ID: id, Text: body + checksum(body)}
}

// Parse takes a key apart; the error is ErrMalformed for anything that New
// cannot have made.
func Parse(text string) (Key, error) {
	rest, ok := strings.CutPrefix(text, Prefix)
	if !ok {
		return Key{}, ErrMalformed
	}
	tenant, rest, ok1 := strings.Cut(rest, "_")
	id, secret, ok2 := strings.Cut(rest, "_")
	if !ok1 || !ok2 || !validTenant(tenant) || !isID(id) || !isSecret(secret) {
		return Key{}, ErrMalformed
	}
	body := text[:len(text)-crcLength]
	if text[len(body):] != checksum(body) {
		return Key{}, ErrMalformed
	}
	if tenant == platform {
		tenant = dcoder.PlatformTenant
	}
	return Key{Tenant: tenant, ID: id, Text: text}, nil
}

// String hides the secret, so that a key that reaches a log does no harm.
func (k Key) String() string { return Prefix + written(k.Tenant) + "_" + k.ID + "_..." }

// GoString hides the secret.
func (k Key) GoString() string { return k.String() }

func written(tenant string) string {
	if tenant == dcoder.PlatformTenant {
		return platform
	}
	return tenant
}

func validTenant(s string) bool { return s == platform || dcoder.ValidTenantID(s) }

func isID(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(s) == idLength
}

func isSecret(s string) bool {
	for i := range len(s) {
		if strings.IndexByte(base62, s[i]) < 0 {
			return false
		}
	}
	return len(s) == secretLength+crcLength
}

// checksum is CRC-32 (IEEE 802.3) in six digits of base62, most significant
// first.
func checksum(body string) string {
	n := crc32.ChecksumIEEE([]byte(body))
	var out [crcLength]byte
	for i := crcLength - 1; i >= 0; i-- {
		out[i] = base62[n%62]
		n /= 62
	}
	return string(out[:])
}

// newSecret draws evenly: bytes from 248 on would favour the first digits.
func newSecret() string {
	out := make([]byte, 0, secretLength)
	var b [48]byte
	for len(out) < secretLength {
		_, _ = rand.Read(b[:]) // never fails since Go 1.24
		for _, c := range b {
			if c < 248 && len(out) < secretLength {
				out = append(out, base62[c%62])
			}
		}
	}
	return string(out)
}
