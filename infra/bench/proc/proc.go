// Package proc starts child processes for benchmarks and reads what the kernel
// says about them (Linux: /proc).
package proc

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// Resident returns the resident memory of a process in bytes.
func Resident(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read memory of %d: %w", pid, err)
	}
	for line := range strings.Lines(string(raw)) {
		rest, ok := strings.CutPrefix(line, "VmRSS:")
		if !ok {
			continue
		}
		kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read memory of %d: %w", pid, err)
		}
		return kb << 10, nil
	}
	return 0, fmt.Errorf("process %d has no resident memory", pid)
}

// FreePort returns a port of the loopback interface that was free a moment ago.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
