package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

// simulator stands where a provider's key is missing.
type simulator struct {
	base   string
	server *http.Server
}

func startSimulator(ctx context.Context) (*simulator, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the provider simulator: %w", err)
	}
	s := &simulator{base: "http://" + l.Addr().String(), server: &http.Server{
		Handler: llmsim.New(llmsim.Config{}).Handler(), ReadHeaderTimeout: 10 * time.Second,
	}}
	go func() {
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("the provider simulator ended", "error", err)
		}
	}()
	return s, nil
}

func (s *simulator) close() { _ = s.server.Close() }
