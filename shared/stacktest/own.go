package stacktest

import (
	"crypto/rand"
	"testing"
)

// TenantID is a random valid tenant id: a letter and eleven letters or digits.
func TenantID() string {
	const letters, all = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789"
	raw := make([]byte, 12)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	raw[0] = letters[int(raw[0])%len(letters)]
	for i := 1; i < len(raw); i++ {
		raw[i] = all[int(raw[i])%len(all)]
	}
	return string(raw)
}

// NATSPrefix is a random prefix for the subjects and streams of one test: lower case for subjects
// ("test4f..."); callers upper-case it for stream names, as with "dcoder" and "DCODER".
func NATSPrefix(t testing.TB) string {
	t.Helper()
	return "test" + TenantID()
}
