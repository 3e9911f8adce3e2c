package catalog

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

type nobody struct{}

func (nobody) Identify(ctx context.Context, _ *http.Request, _ bool) (context.Context, *dcoder.Principal, error) {
	return ctx, nil, dcoder.Unauthorized("invalid_key", "nobody is known here")
}

// TestAllFunctionsFitIntoOneProcess: no two claim one pattern, and every type
// can be described.
func TestAllFunctionsFitIntoOneProcess(t *testing.T) {
	_, err := function.NewHost(function.Wiring{Identifier: nobody{}}, All()...)
	require.NoError(t, err)
	_, err = function.OpenAPI(All()...)
	require.NoError(t, err)
}

// TestEveryFunctionIsListed: a folder that is a function stands in the list under
// its own name.
func TestEveryFunctionIsListed(t *testing.T) {
	listed := map[string]bool{}
	for _, f := range All() {
		require.False(t, listed[f.Name], "%s is listed twice", f.Name)
		listed[f.Name] = true
	}
	folders, err := os.ReadDir("..")
	require.NoError(t, err)
	for _, d := range folders {
		if d.Name() == "catalog" || d.Name() == "cmd" || strings.HasSuffix(d.Name(), "test") {
			continue
		}
		require.True(t, listed[d.Name()], "functions/%s is not in the catalog", d.Name())
	}
}

// TestEveryRouteOfATenantDemandsAPermission: only what is documented as public is.
func TestEveryRouteOfATenantDemandsAPermission(t *testing.T) {
	for _, f := range All() {
		for _, r := range f.Routes {
			require.Equal(t, function.AccessAllowed, r.Access, "%s: %s %s", f.Name, r.Method, r.Path)
			require.NotEmpty(t, r.Permission)
		}
	}
}
