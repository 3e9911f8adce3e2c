package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// api is the platform's HTTP API with an administrator's key.
type api struct{ url, key string }

// openAPI takes both from the environment: DCODER_BASE_URL, where the platform
// answers, and DCODER_API_KEY.
func openAPI() (*api, error) {
	a := &api{strings.TrimRight(os.Getenv("DCODER_BASE_URL"), "/"), os.Getenv("DCODER_API_KEY")}
	if a.url == "" || a.key == "" {
		return nil, errors.New("set DCODER_BASE_URL to the platform's address and DCODER_API_KEY to a key of the tenant's administrator")
	}
	return a, nil
}

const (
	apiPatience = time.Minute
	mostAnswer  = 64 << 20
)

// Do sends one request; in may be raw JSON. An error says what the platform said.
func (a *api) Do(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	var body io.Reader = http.NoBody
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.url+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+a.key)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return refusal(res.StatusCode, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

func refusal(status int, raw []byte) error {
	var e struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(raw, &e); err != nil || e.Error.Code == "" {
		return fmt.Errorf("the platform answered %d", status)
	}
	return fmt.Errorf("%s: %s", e.Error.Code, e.Error.Message)
}
