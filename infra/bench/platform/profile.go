package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profiled is a file that a build for profiling adds to the gateway's main
// package. The shipped binary has no such door.
const profiled = `package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
)

func init() {
	http.HandleFunc("/debug/mallocs", func(w http.ResponseWriter, _ *http.Request) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Fprint(w, m.Mallocs)
	})
	go func() { _ = http.ListenAndServe(os.Getenv("DCODER_BENCH_PPROF"), nil) }()
}
`

// overlay writes what go build's -overlay needs to add the file.
func (p *Platform) overlay(mainDir string) (path string, err error) {
	source := filepath.Join(p.dir, "profiled.go")
	if err := os.WriteFile(source, []byte(profiled), 0o600); err != nil {
		return "", err
	}
	raw, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(mainDir, "profiled.go"): source}})
	if err != nil {
		return "", err
	}
	path = filepath.Join(p.dir, "overlay.json")
	return path, os.WriteFile(path, raw, 0o600)
}

// Profile writes a profile ("profile?seconds=5", "allocs") of a gateway that was
// built for it, listening on addr, to a file.
func Profile(ctx context.Context, addr, what, file string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/debug/pprof/"+what, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("profile the gateway: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, answer.Body); err != nil {
		return fmt.Errorf("profile the gateway: %w", err)
	}
	return out.Close()
}
