package function_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
)

// TestMetricsStandBesideHealth: it answers where a process has metrics, is no
// route of any function, so no gateway learns of it, and is unknown elsewhere.
func TestMetricsStandBesideHealth(t *testing.T) {
	get := func(w function.Wiring) *httptest.ResponseRecorder {
		h, err := function.NewHost(w)
		require.NoError(t, err)
		out := httptest.NewRecorder()
		h.ServeHTTP(out, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return out
	}
	require.Equal(t, 404, get(function.Wiring{}).Code)
	out := get(function.Wiring{Metrics: func(w io.Writer) error {
		return metric.WriteText(w, []metric.Family{{Name: "a_total", Help: "A\nb.", Points: []metric.Point{{Labels: []metric.Label{{Name: "l", Value: "x\"\\\n"}}, Value: 2}}}})
	}})
	require.Equal(t, 200, out.Code)
	require.Equal(t, metric.TextType, out.Header().Get("Content-Type"))
	require.Equal(t, "# HELP a_total A\\nb.\n# TYPE a_total counter\na_total{l=\"x\\\"\\\\\\n\"} 2\n", out.Body.String())
}
