package redis_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/redis"
)

func FuzzReadReservation(f *testing.F) {
	f.Add("")
	f.Add("R")
	f.Add("R" + strings.Repeat("\x00", 76))
	f.Add("X" + strings.Repeat("\x00", 72) + "\xff\xff")
	f.Add("R" + strings.Repeat("\x00", 74) + "\x03\x00\x00\x05a")
	f.Fuzz(func(t *testing.T, s string) {
		if redis.ReadReservation(s) {
			require.GreaterOrEqual(t, len(s), 77)
		}
	})
}
