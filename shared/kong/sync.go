package kong

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Sync keeps every Kong in step. All fields but Every and HTTP are needed.
type Sync struct {
	Admin   string                                             // base of the admin API; a name with several addresses is several Kongs
	Config  func() ([]byte, error)                             // the rendered configuration as it is now
	Tenants func(ctx context.Context) ([]dcoder.Tenant, error) // all of them
	Every   time.Duration                                      // between two looks; default 1 s
	HTTP    *http.Client                                       // nil: one with a timeout

	told map[string]told // by address
}

// told is what a Kong was given, and the name that it has for it.
type told struct {
	given [sha256.Size]byte
	hash  string
}

const timeout = 10 * time.Second

// Run looks until ctx ends. What fails is tried again at the next look.
func (s *Sync) Run(ctx context.Context) error {
	if s.Every == 0 {
		s.Every = time.Second
	}
	tick := time.NewTicker(s.Every)
	defer tick.Stop()
	for {
		if err := s.Once(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "Kong is not in step", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Once brings every Kong in step that is not.
func (s *Sync) Once(ctx context.Context) error {
	rendered, err := s.Config()
	if err != nil {
		return err
	}
	tenants, err := s.Tenants(ctx)
	if err != nil {
		return err
	}
	config, err := withTenants(rendered, tenants)
	if err != nil {
		return err
	}
	all, err := addresses(ctx, s.Admin)
	if err != nil {
		return err
	}
	for _, base := range all {
		if err := s.bring(ctx, base, config); err != nil {
			return fmt.Errorf("bring %s in step: %w", base, err)
		}
	}
	return nil
}

// bring gives one Kong the configuration, unless it has it.
func (s *Sync) bring(ctx context.Context, base string, config []byte) error {
	now, err := s.hash(ctx, base)
	if err != nil {
		return err
	}
	given := sha256.Sum256(config)
	if known := s.told[base]; known.given == given && known.hash == now {
		return nil
	}
	if _, err := s.call(ctx, http.MethodPost, base+"/config", config); err != nil {
		return err
	}
	if now, err = s.hash(ctx, base); err != nil {
		return err
	}
	if s.told == nil {
		s.told = map[string]told{}
	}
	s.told[base] = told{given, now}
	return nil
}

// hash is Kong's name of the configuration that is in force.
func (s *Sync) hash(ctx context.Context, base string) (string, error) {
	raw, err := s.call(ctx, http.MethodGet, base+"/status", nil)
	if err != nil {
		return "", err
	}
	var status struct {
		Hash string `json:"configuration_hash"`
	}
	if err := json.Unmarshal(raw, &status); err != nil {
		return "", fmt.Errorf("read its status: %w", err)
	}
	return status.Hash, nil
}

const mostAnswer = 1 << 20 // of what it says; the rest is its echo of the configuration

func (s *Sync) call(ctx context.Context, method, address string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	client := s.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: status %d: %.300s", method, r.URL.Path, answer.StatusCode, raw)
	}
	return raw, err
}

// addresses are all that the base's name stands for.
func addresses(ctx context.Context, base string) (out []string, err error) {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("the address of Kong's admin API is no URL: %q", base)
	}
	found, err := net.DefaultResolver.LookupHost(ctx, u.Hostname())
	if err != nil {
		return nil, fmt.Errorf("find Kong's admin API: %w", err)
	}
	for _, ip := range found {
		one := *u
		if one.Host = ip; u.Port() != "" {
			one.Host = net.JoinHostPort(ip, u.Port())
		}
		out = append(out, one.String())
	}
	return out, nil
}
