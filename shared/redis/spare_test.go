package redis

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnswersLeaveRoomForTheLedger(t *testing.T) {
	info := func(used, most string) string {
		return "# Memory\r\nused_memory:" + used + "\r\nused_memory_human:1M\r\nmaxmemory:" + most + "\r\nmaxmemory_policy:noeviction\r\n"
	}
	require.False(t, full(info("999", "0")), "no bound")
	require.False(t, full(info("70", "100")))
	require.True(t, full(info("71", "100")))
	require.False(t, full(""))
}
