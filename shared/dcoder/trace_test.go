package dcoder

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseTrace(t *testing.T) {
	const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, c := range map[string]struct {
		header string
		ok     bool
	}{
		"good":                      {good, true},
		"later version":             {"01" + good[2:], true},
		"later version with more":   {"01" + good[2:] + "-more", true},
		"version 00 with more":      {good + "-more", false},
		"version ff":                {"ff" + good[2:], false},
		"upper case":                {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
		"zero trace":                {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
		"zero span":                 {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
		"not hexadecimal":           {"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", false},
		"short":                     {good[:54], false},
		"empty":                     {"", false},
		"dashes at the wrong place": {"0-04bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
	} {
		t.Run(name, func(t *testing.T) {
			trace, ok := ParseTrace(c.header)
			require.Equal(t, c.ok, ok)
			if ok {
				require.Equal(t, good, trace.String())
				require.Equal(t, good[3:35], trace.TraceID())
				require.Equal(t, trace.ID, trace.Child().ID)
				require.NotEqual(t, trace.Span, trace.Child().Span)
			}
		})
	}
}

func TestNewTraceIsReadBack(t *testing.T) {
	trace := NewTrace()
	back, ok := ParseTrace(trace.String())
	require.True(t, ok)
	require.Equal(t, trace, back)
	require.Empty(t, Trace{}.String())
}

func TestRequestTravelsInTheContext(t *testing.T) {
	trace := NewTrace()
	ctx := WithRequest(context.Background(), Request{ID: "r1", Function: "chat", Trace: trace})
	require.Equal(t, "r1", RequestIDOf(ctx))
	require.Equal(t, "chat", RequestOf(ctx).Function)
	e, err := NewEvent(ctx, "/chat", "acme00000000", TenantCreated{})
	require.NoError(t, err)
	require.Equal(t, "r1", e.Correlation)
	require.Equal(t, trace.String(), e.TraceParent)
	require.Nil(t, RequestOf(context.Background()))
}
