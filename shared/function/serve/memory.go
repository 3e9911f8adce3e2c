package serve

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryLimit returns the cgroup's memory limit in bytes, 0 for none. root is
// "/"; in a container its own cgroup is mounted at the root of the tree, both in
// version 2 and in version 1.
func memoryLimit(root string) int64 {
	for _, file := range []string{"sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		raw, err := os.ReadFile(root + file)
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
		if err == nil && n > 0 && n < math.MaxInt64/2 { // version 1 writes "none" as a huge number; version 2 as "max"
			return n
		}
	}
	return 0
}

// limitMemory tells the garbage collector of the limit, with a tenth left for
// what it does not count, unless GOMEMLIMIT already did.
//
// A request leaves garbage of a few kilobytes and the live heap is small, so the
// collector runs less often than by default, unless GOGC says how often.
func limitMemory(limit int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}

// bodyRoom is how many bytes of request bodies a process holds at once.
func bodyRoom(configured, limit int64) int64 {
	switch {
	case configured > 0:
		return configured
	case limit > 0:
		return limit / 4
	}
	return 256 << 20
}
