package cehttp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// words draws attribute values, the awkward ones too.
func words() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9/._-]{1,40}`),
		rapid.StringMatching(`[a-z %"€ü]{1,10}[a-z]`),
	)
}

func envelopes() *rapid.Generator[dcoder.Envelope] {
	return rapid.Custom(func(t *rapid.T) dcoder.Envelope {
		optional := rapid.OneOf(rapid.Just(""), words())
		data, err := json.Marshal(map[string]any{"n": rapid.Int().Draw(t, "n"), "s": rapid.String().Draw(t, "s")})
		if err != nil {
			t.Fatal(err)
		}
		return dcoder.Envelope{
			ID: words().Draw(t, "id"), Source: words().Draw(t, "source"), Type: words().Draw(t, "type"),
			Tenant:   rapid.StringMatching(`[a-z][a-z0-9]{11}|_platform`).Draw(t, "tenant"),
			Platform: optional.Draw(t, "platform"), Correlation: optional.Draw(t, "correlation"),
			Actor: optional.Draw(t, "actor"), TraceParent: optional.Draw(t, "trace"),
			Time: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC(),
			Data: data,
		}
	})
}

func TestBinaryRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := envelopes().Draw(t, "event")
		h := http.Header{}
		body := Write(h, e)
		for name, values := range h {
			for _, c := range []byte(values[0]) {
				if name != "Content-Type" && (c <= ' ' || c >= 0x7f) {
					t.Fatalf("%s holds the byte %#x", name, c)
				}
			}
		}
		got, err := Read(h, body)
		require.NoError(t, err)
		require.Equal(t, []dcoder.Envelope{e}, got)
	})
}

func TestBatchRoundTripAndTheSDKReadsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(envelopes(), 1, 5).Draw(t, "events")
		for i := range events { // the SDK insists on a URI reference
			events[i].Source = "/" + url.PathEscape(events[i].Source)
		}
		h := http.Header{}
		body, err := WriteBatch(h, events)
		require.NoError(t, err)
		require.Equal(t, TypeBatch, h.Get("Content-Type"))
		got, err := Read(h, body)
		require.NoError(t, err)
		require.Len(t, got, len(events))
		for i := range got {
			require.JSONEq(t, string(events[i].Data), string(got[i].Data))
			got[i].Data = events[i].Data
		}
		require.Equal(t, events, got)

		var theirs []event.Event
		require.NoError(t, json.Unmarshal(body, &theirs))
		for i, e := range theirs {
			require.Equal(t, events[i].ID, e.ID())
			require.Equal(t, events[i].Tenant, e.Extensions()["tenantid"])
			require.True(t, events[i].Time.Equal(e.Time()))
		}
	})
}

func TestReadsWhatTheSDKWrites(t *testing.T) {
	e := event.New()
	e.SetID("1")
	e.SetSource("/chat")
	e.SetType("usage.recorded")
	e.SetTime(time.Date(2026, 11, 22, 12, 0, 0, 5, time.UTC))
	e.SetExtension("tenantid", "acme00000000")
	require.NoError(t, e.SetData("application/json", map[string]int{"n": 1}))
	body, err := json.Marshal([]event.Event{e})
	require.NoError(t, err)

	got, err := Read(http.Header{"Content-Type": {TypeBatch + "; charset=utf-8"}}, body)
	require.NoError(t, err)
	require.Equal(t, "usage.recorded", got[0].Type)
	require.Equal(t, e.Time(), got[0].Time)
	require.JSONEq(t, `{"n":1}`, string(got[0].Data))
}

func TestReadNamesTheFault(t *testing.T) {
	good := dcoder.Envelope{ID: "1", Source: "/a", Type: "a.b", Tenant: "acme00000000", Data: []byte(`{}`)}
	for name, c := range map[string]struct {
		change func(http.Header) []byte
		field  string
	}{
		"no id":           {func(h http.Header) []byte { h.Del("Ce-Id"); return nil }, "ce-id"},
		"no source":       {func(h http.Header) []byte { h.Del("Ce-Source"); return nil }, "ce-source"},
		"no type":         {func(h http.Header) []byte { h.Del("Ce-Type"); return nil }, "ce-type"},
		"no tenant":       {func(h http.Header) []byte { h.Del("Ce-Tenantid"); return nil }, "ce-tenantid"},
		"tenant with dot": {func(h http.Header) []byte { h.Set("Ce-Tenantid", "a.>"); return nil }, "ce-tenantid"},
		"old version":     {func(h http.Header) []byte { h.Set("Ce-Specversion", "0.3"); return nil }, "ce-specversion"},
		"bad time":        {func(h http.Header) []byte { h.Set("Ce-Time", "yesterday"); return nil }, "ce-time"},
		"half escape":     {func(h http.Header) []byte { h.Set("Ce-Actor", "%4"); return nil }, "ce-actor"},
		"control escape":  {func(h http.Header) []byte { h.Set("Ce-Actor", "%0A"); return nil }, "ce-actor"},
		"xml":             {func(h http.Header) []byte { h.Set("Content-Type", "text/xml"); return nil }, "content-type"},
		"data no JSON":    {func(http.Header) []byte { return []byte(`{`) }, "data"},
		"batch no JSON":   {func(h http.Header) []byte { h.Set("Content-Type", TypeBatch); return []byte(`{`) }, "body"},
		"empty batch":     {func(h http.Header) []byte { h.Set("Content-Type", TypeBatch); return []byte(`[]`) }, "body"},
		"batch, no id": {func(h http.Header) []byte {
			h.Set("Content-Type", TypeBatch)
			return []byte(`[{"specversion":"1.0","source":"/a","type":"a.b","tenantid":"a"}]`)
		}, "[0].id"},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			body := Write(h, good)
			if changed := c.change(h); changed != nil {
				body = changed
			}
			_, err := Read(h, body)
			require.Error(t, err)
			require.Equal(t, c.field, dcoder.AsError(err).Field)
			require.Equal(t, http.StatusBadRequest, dcoder.AsError(err).Status)
		})
	}
}

// FuzzRead: whatever is read can be written and read again to the same event.
func FuzzRead(f *testing.F) {
	f.Add(TypeBinary, "1", "2026-11-22T12:00:00Z", "acme00000000", "a%20b", []byte(`{"n":1}`))
	f.Add(TypeBatch, "", "", "", "", []byte(`[{"specversion":"1.0","id":"1","source":"/a","type":"a.b","tenantid":"a","data":{}}]`))
	f.Add("application/json; charset=utf-8", "%", "0000-01-01T00:00:00Z", "_platform", "%ff", []byte(`null`))
	f.Fuzz(func(t *testing.T, contentType, id, at, tenant, actor string, body []byte) {
		h := http.Header{}
		for name, value := range map[string]string{
			"Content-Type": contentType, "Ce-Specversion": "1.0", "Ce-Id": id, "Ce-Source": "/a", "Ce-Type": "a.b",
			"Ce-Time": at, "Ce-Tenantid": tenant, "Ce-Actor": actor,
		} {
			h.Set(name, value)
		}
		events, err := Read(h, body)
		if err != nil {
			if e := dcoder.AsError(err); e.Status != http.StatusBadRequest || e.Field == "" {
				t.Fatalf("a fault without a name: %v", err)
			}
			return
		}
		for _, e := range events {
			again := http.Header{}
			data := Write(again, e)
			back, err := Read(again, data)
			require.NoError(t, err)
			require.Equal(t, []dcoder.Envelope{e}, back)
		}
	})
}
