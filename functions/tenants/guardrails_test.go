package tenants

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// TestTheTenantsGuardrailsAreThoseOfPolicies: no mode of the one is missing in the
// other.
func TestTheTenantsGuardrailsAreThoseOfPolicies(t *testing.T) {
	field, ok := reflect.TypeFor[policies]().FieldByName("Guardrails")
	require.True(t, ok)
	modes := []string{string(dcoder.GuardOff), string(dcoder.GuardAlert), string(dcoder.GuardMask), string(dcoder.GuardBlock)}
	require.Equal(t, strings.Join(modes, ","), field.Tag.Get("enum"))
}
