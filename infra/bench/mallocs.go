package main

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/d-coder-ai/dcoder/infra/bench/proxy"
)

// mallocs is how many objects the process behind addr has allocated; 0 where
// nobody says so, as a shipped gateway does not.
func mallocs(addr string) uint64 {
	if addr == "" {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+proxy.PathMallocs, nil)
	if err != nil {
		return 0
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, 64))
	if err != nil || answer.StatusCode != http.StatusOK {
		return 0
	}
	n, _ := strconv.ParseUint(string(raw), 10, 64)
	return n
}
