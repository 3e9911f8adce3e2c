package cehttp

import (
	"encoding/json"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func TestStructuredRoundTripAndTheSDKReadsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := envelopes().Draw(t, "event")
		e.Source = "/chat" // the SDK insists on a URI reference
		raw, err := Marshal(e)
		require.NoError(t, err)
		got, err := Unmarshal(raw)
		require.NoError(t, err)
		require.JSONEq(t, string(e.Data), string(got.Data))
		got.Data = e.Data
		require.Equal(t, e, got)

		var theirs event.Event
		require.NoError(t, json.Unmarshal(raw, &theirs))
		require.Equal(t, e.ID, theirs.ID())
		require.Equal(t, e.Tenant, theirs.Extensions()["tenantid"])
	})
}

func TestUnmarshalNamesTheFault(t *testing.T) {
	for _, c := range []struct{ raw, field string }{
		{`{`, "body"},
		{`[]`, "body"},
		{`{"specversion":"0.3"}`, "specversion"},
		{`{"specversion":"1.0","source":"/a","type":"a.b","tenantid":"a"}`, "id"},
		{`{"specversion":"1.0","id":"1","source":"/a","type":"a.b"}`, "tenantid"},
	} {
		_, err := Unmarshal([]byte(c.raw))
		require.Error(t, err, c.raw)
		require.Equal(t, c.field, dcoder.AsError(err).Field, c.raw)
	}
	_, err := Marshal(dcoder.Envelope{ID: "1", Data: []byte("{")})
	require.Error(t, err)
}

// FuzzUnmarshal: whatever is read can be written and read again.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/a","type":"a.b","tenantid":"acme00000000","data":{}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := Unmarshal(raw)
		if err != nil {
			return
		}
		again, err := Marshal(e)
		require.NoError(t, err)
		_, err = Unmarshal(again)
		require.NoError(t, err)
	})
}
