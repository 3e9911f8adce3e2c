package calls

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/telemetry/otlp"
)

// TestTenantsCollectorsAreHeldToTheEgressRule: a tenant cannot make the platform
// post to a private address; the operators' own collector may stand at one.
func TestTenantsCollectorsAreHeldToTheEgressRule(t *testing.T) {
	var asked atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(inside.Close)
	to, span := otlp.Destination{URL: inside.URL}, otlp.Span{Name: "a"}

	w := newWatch(config.Telemetry{OTLPEndpoint: inside.URL}, config.Egress{})
	w.tenants.Send(to, span)
	require.NoError(t, w.tenants.Flush(t.Context()))
	require.Zero(t, asked.Load())
	require.EqualValues(t, 1, w.tenants.Dropped())
	w.platform.Send(w.to, span)
	require.NoError(t, w.flush(t.Context()))
	require.EqualValues(t, 2, asked.Load(), "the span, and the metrics behind it")
	require.EqualValues(t, 1, w.platform.Sent())

	w = newWatch(config.Telemetry{}, config.Egress{EgressAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	require.Nil(t, w.platform)
	w.tenants.Send(to, span)
	require.NoError(t, w.flush(t.Context()))
	require.EqualValues(t, 1, w.tenants.Sent())
}
