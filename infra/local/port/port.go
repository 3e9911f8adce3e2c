// Package port chooses loopback ports: the remembered one, else the first choice, else any that is free.
package port

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// Free reports whether nobody listens on 127.0.0.1:port, on it alone or on all addresses.
func Free(port int) bool {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	_ = listener.Close()
	conn, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
	if err == nil {
		_ = conn.Close()
	}
	return err != nil
}

// Choose returns the first free port of those wished for (0 is skipped), else one that the system gives; never
// one of taken.
func Choose(free func(int) bool, taken map[int]bool, wishes ...int) (int, error) {
	for _, wish := range wishes {
		if wish > 0 && !taken[wish] && free(wish) {
			return wish, nil
		}
	}
	for range 50 {
		given, err := fromSystem()
		if err != nil {
			return 0, fmt.Errorf("asking the system for a port: %w", err)
		}
		if !taken[given] {
			return given, nil
		}
	}
	return 0, fmt.Errorf("no free port on 127.0.0.1")
}

func fromSystem() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
