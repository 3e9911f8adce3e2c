package dcoder

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTenantIDs(t *testing.T) {
	for range 1000 {
		assert.True(t, ValidTenantID(NewTenantID()))
		assert.Len(t, NewKeyID(), 12)
	}
	for _, id := range []string{"", PlatformTenant, "1bcdefghijkl", "abcdefghijk", "abcdefghijklm", "abcdefghijkL", "abcdefghij-l", "ábcdefghijk"} {
		assert.False(t, ValidTenantID(id), id)
	}
}
