package redis

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// spare knows whether the server has memory to spare for answers. Ledger and
// shelf may share one that evicts nothing: the ledger must never be the one to
// find it full.
type spare struct {
	mu    sync.Mutex
	asked time.Time
	none  bool
}

const (
	spareEvery = 5 * time.Second
	spareShare = 70 // percent of maxmemory that may be used before answers are no longer kept
)

// some reports whether answers may be kept, as of a few seconds ago.
func (s *spare) some(ctx context.Context, c goredis.UniversalClient) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.asked) >= spareEvery {
		s.asked = now
		info, err := c.Info(ctx, "memory").Result()
		s.none = err == nil && full(info)
	}
	return !s.none
}

// full reads the memory section of INFO.
func full(info string) bool {
	used, most := infoNumber(info, "used_memory:"), infoNumber(info, "maxmemory:")
	return most > 0 && used > most/100*spareShare
}

func infoNumber(info, name string) int64 {
	_, rest, ok := strings.Cut(info, "\n"+name)
	if !ok {
		return 0
	}
	line, _, _ := strings.Cut(rest, "\r")
	n, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return n
}
