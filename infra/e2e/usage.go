package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/d-coder-ai/dcoder/infra/e2e/kube"
	"github.com/d-coder-ai/dcoder/infra/e2e/site"
)

// Models of the simulated provider; by their names it knows how to behave.
const (
	model      = "gpt-4o-mini"
	slow       = "sim-tokens-20-pace-1000ms"
	longTokens = 120
)

// chat makes one whole completion; the text makes it unlike all others.
func chat(ctx context.Context, s *site.Site, say string) error {
	r, err := s.Request(ctx, "chat", http.MethodPost, "/v1/chat/completions", s.Key, site.Completion(model, false, say))
	if err != nil {
		return err
	}
	r.Header.Set("Cache-Control", "no-store")
	answer, err := site.Client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %.200s", answer.StatusCode, raw)
	}
	return nil
}

// rows counts the tenant's usage rows since a moment.
func rows(ctx context.Context, s *site.Site, since time.Time) (int, error) {
	var view struct{ Total struct{ Attempts int } }
	path := "/v1/usage?limit=1&from=" + url.QueryEscape(since.UTC().Format(time.RFC3339Nano))
	err := s.Do(ctx, "usage", http.MethodGet, path, s.Key, nil, &view)
	return view.Total.Attempts, err
}

// rowsBecome waits until so many rows stand; more are an error.
func rowsBecome(ctx context.Context, s *site.Site, since time.Time, want int) (got int, err error) {
	err = kube.Until(ctx, fmt.Sprintf("%d usage rows", want), 4*time.Minute, time.Second, func(ctx context.Context) (bool, error) {
		if got, err = rows(ctx, s, since); err != nil {
			return false, err
		}
		if got < want {
			return false, fmt.Errorf("%d rows", got)
		}
		return true, nil
	})
	if err == nil && got > want {
		err = fmt.Errorf("%d rows of %d", got, want)
	}
	return got, err
}
