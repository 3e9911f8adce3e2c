package cehttp_test

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// firstEvent is the event that the first build wrote into testdata/v1 in both forms.
func firstEvent() dcoder.Envelope {
	return dcoder.Envelope{
		ID: "tenant123456-1795000000000-0", Source: "/chat", Type: "usage.recorded", Tenant: "tenant123456", Platform: "dcoder",
		Correlation: "request é 1", Actor: "key123456789", TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Time: time.Unix(1_795_000_000, 123_456_000).UTC(), Data: json.RawMessage(`{"records":[]}`),
	}
}

func TestEnvelopesOfTheFirstBuild(t *testing.T) {
	raw, err := os.ReadFile("testdata/v1/binary.json")
	require.NoError(t, err)
	var first struct {
		Headers map[string]string
		Body    json.RawMessage
	}
	require.NoError(t, json.Unmarshal(raw, &first))
	got, err := cehttp.FromAttributes(func(name string) string { return first.Headers[name] }, []byte(`{"records":[]}`))
	require.NoError(t, err)
	require.Equal(t, firstEvent(), got)
	wrote := map[string]string{}
	for name, value := range cehttp.Attributes(firstEvent()) {
		wrote[name] = value
	}
	for name, value := range first.Headers {
		require.Equal(t, value, wrote[name], "the first build reads %s", name)
	}
}

func TestBatchesOfTheFirstBuild(t *testing.T) {
	raw, err := os.ReadFile("testdata/v1/batch.json")
	require.NoError(t, err)
	got, err := cehttp.Read(http.Header{"Content-Type": {cehttp.TypeBatch}}, raw)
	require.NoError(t, err)
	second := firstEvent()
	second.ID += "+2"
	require.Equal(t, []dcoder.Envelope{firstEvent(), second}, got)
	wrote, err := cehttp.WriteBatch(http.Header{}, got)
	require.NoError(t, err)
	var was, is []map[string]any
	require.NoError(t, json.Unmarshal(raw, &was))
	require.NoError(t, json.Unmarshal(wrote, &is))
	for i := range was {
		require.Subset(t, is[i], was[i])
	}
}
