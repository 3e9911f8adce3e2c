package chat

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEventsAreNumberedOnFromTheLast(t *testing.T) {
	for events, want := range map[string]int64{
		`data: {"type":"x","sequence_number":7}`:                                      8,
		"data: {\"sequence_number\": 7,\"a\":1}\n\ndata: {\"sequence_number\":8}\n\n": 9,
		": ping\n\n":                        3,
		`data: {"sequence_number":}`:        3,
		`data: {"sequence_number":1}`:       3,
		`data: {"sequence_number":"seven"}`: 3,
	} {
		require.Equal(t, want, numbered([]byte(events), 3), events)
	}
	require.Contains(t, string(responseFailed([]byte(`{"error":{"code":"c","message":"m","param":null}}`), 4)), `"sequence_number":4`)
}
