package double

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

// named runs the rendered file's own Lua on headers, and returns the consumer.
func named(t testing.TB) func(t testing.TB, h http.Header, known string) string {
	raw, err := os.ReadFile("../kong.yml")
	require.NoError(t, err)
	c, err := declarative.Load(raw)
	require.NoError(t, err)
	require.Equal(t, "pre-function", c.Plugins[0].Name)
	p, err := buildFunction(nil, place{}, c.Plugins[0].Config)
	require.NoError(t, err)
	return func(t testing.TB, h http.Header, known string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header = h
		x := &exchange{gateway: New(Options{}), r: r, state: &state{consumers: map[string]*consumer{known: {name: known}}}}
		p.(*function).access(x)
		require.Nil(t, x.answer)
		if x.consumer == nil {
			return ""
		}
		return x.consumer.name
	}
}

func TestTheTenantIsNamedByItsKey(t *testing.T) {
	name, tenant := named(t), dcoder.NewTenantID()
	key := virtualkey.New(tenant, dcoder.NewKeyID()).Text
	for text, c := range map[string]struct {
		header http.Header
		want   string
	}{
		"OpenAI's SDKs":      {http.Header{"Authorization": {"Bearer " + key}}, tenant},
		"any case":           {http.Header{"Authorization": {"bEARER   " + key}}, tenant},
		"Anthropic's SDKs":   {http.Header{"X-Api-Key": {key}}, tenant},
		"the first counts":   {http.Header{"Authorization": {"Bearer other"}, "X-Api-Key": {key}}, ""},
		"another scheme":     {http.Header{"Authorization": {"Basic " + key}, "X-Api-Key": {key}}, tenant},
		"no key":             {http.Header{}, ""},
		"of the platform":    {http.Header{"Authorization": {"Bearer " + virtualkey.New(dcoder.PlatformTenant, dcoder.NewKeyID()).Text}}, ""},
		"of somebody else":   {http.Header{"Authorization": {"Bearer " + virtualkey.New(dcoder.NewTenantID(), dcoder.NewKeyID()).Text}}, ""},
		"inside another key": {http.Header{"Authorization": {"Bearer x" + key}}, ""},
	} {
		require.Equal(t, c.want, name(t, c.header, tenant), text)
	}
}

// FuzzTenant: whatever stands in the headers, only a text that begins as a key of
// the tenant does is taken for its.
func FuzzTenant(f *testing.F) {
	const tenant = "abcdefghijkl"
	name := named(f)
	f.Add("Bearer dck_"+tenant+"_x", "")
	f.Add("", "dck_"+tenant+"_")
	f.Add("Bearer  dck_%a_", "\x00")
	f.Fuzz(func(t *testing.T, authorization, key string) {
		got := name(t, http.Header{"Authorization": {authorization}, "X-Api-Key": {key}}, tenant)
		if got != "" {
			require.Equal(t, tenant, got)
			require.True(t, strings.Contains(authorization, "dck_"+tenant+"_") || strings.HasPrefix(key, "dck_"+tenant+"_"))
		}
	})
}
