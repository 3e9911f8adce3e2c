package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func TestEveryLineCarriesItsContext(t *testing.T) {
	var out bytes.Buffer
	log, err := New(&out, "info", "json")
	require.NoError(t, err)
	trace := dcoder.NewTrace()
	ctx := dcoder.WithRequest(context.Background(), dcoder.Request{ID: "r1", Function: "usage", Trace: trace})
	ctx = dcoder.WithPrincipal(ctx, &dcoder.Principal{Tenant: "acme00000000"})
	log.With("a", 1).InfoContext(ctx, "hello")
	log.DebugContext(ctx, "below the level")

	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	delete(line, "time")
	require.Equal(t, map[string]any{
		"level": "INFO", "msg": "hello", "a": 1.0, "function": "usage", "request": "r1",
		"trace": trace.TraceID(), "tenant": "acme00000000",
	}, line)
}

func TestSecretsAreNotWritten(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		log, err := New(&out, "debug", format)
		require.NoError(t, err)
		const key = "dck_acme00000000_abcdefabcdef_0123456789ABCDEF0123456789ABCDEF012345"
		log.Info("called with "+key+".", "authorization", "Bearer x-y-z", "header", "Bearer "+key+"!")
		log.Info("failed", "dsn", "postgres://u:x-y-z@h/d", "secret", "x-y-z", "cause", errors.New("plain"))
		require.NotContains(t, out.String(), "0123456789ABCDEF")
		require.NotContains(t, out.String(), "x-y-z")
		require.Contains(t, out.String(), "dck_[secret]!")
		require.Contains(t, out.String(), "plain")
	}
}

func TestNewRefusesWhatItDoesNotKnow(t *testing.T) {
	_, err := New(&bytes.Buffer{}, "loud", "json")
	require.ErrorContains(t, err, "loud")
	_, err = New(&bytes.Buffer{}, "info", "xml")
	require.ErrorContains(t, err, "xml")
}
