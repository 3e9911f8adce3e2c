package site

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/infra/e2e/kube"
)

// Client calls functions at the cluster's private ingress; it keeps many connections.
var Client = &http.Client{
	Timeout:   3 * time.Minute,
	Transport: &http.Transport{MaxIdleConnsPerHost: 512, DisableCompression: true},
}

// Request makes a call to a function.
func (s *Site) Request(ctx context.Context, function, method, path, key string, body any) (*http.Request, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.options.Gateway+path, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	r.Host = function + "." + Namespace + ".svc.cluster.local"
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	r.Header.Set("Content-Type", "application/json")
	return r, nil
}

// Do calls a function and decodes its answer into out, unless that is nil.
func (s *Site) Do(ctx context.Context, function, method, path, key string, body, out any) error {
	r, err := s.Request(ctx, function, method, path, key, body)
	if err != nil {
		return err
	}
	answer, err := Client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, 8<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s of %s: status %d: %.300s", method, path, function, answer.StatusCode, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// Completion is the body of a chat request.
func Completion(model string, stream bool, say string) map[string]any {
	return map[string]any{
		"model": model, "stream": stream, "messages": []map[string]string{{"role": "user", "content": say}},
	}
}

// onboard makes the tenant through the platform's own routes: the tenants function, Temporal, and the worker's pod.
func (s *Site) onboard(ctx context.Context) error {
	var made struct {
		ID       string
		State    string
		AdminKey struct{ Secret string }
	}
	err := kube.Until(ctx, "a tenant", 3*time.Minute, 2*time.Second, func(ctx context.Context) (bool, error) {
		err := s.Do(ctx, "tenants", http.MethodPost, "/v1/tenants", s.owner, map[string]any{"name": "End to end"}, &made)
		return err == nil && made.State == "active", err
	})
	if err != nil {
		return err
	}
	s.Tenant, s.Key = made.ID, made.AdminKey.Secret
	return s.Do(ctx, "access", http.MethodPut, "/v1/providers/openai", s.Key, map[string]any{
		"dialect": "openai", "baseUrl": "http://" + s.options.Host + ":" + simulatorPort + "/v1", "secret": "simulated", "models": s.options.Models,
	}, nil)
}

// Pods are the names of a function's pods that are not on their way out.
func (s *Site) Pods(ctx context.Context, label string) (names []string, err error) {
	var all struct {
		Items []struct {
			Metadata struct {
				Name              string
				DeletionTimestamp *time.Time
			}
			Status struct{ Phase string }
		}
	}
	if err := s.Cluster.Get(ctx, &all, "pods", "-l", label); err != nil {
		return nil, err
	}
	for _, p := range all.Items {
		if p.Metadata.DeletionTimestamp == nil && (p.Status.Phase == "Running" || p.Status.Phase == "Pending") {
			names = append(names, p.Metadata.Name)
		}
	}
	return names, nil
}

// Asleep waits until a function has no pod that could answer.
func (s *Site) Asleep(ctx context.Context, function string) error {
	return kube.Until(ctx, function+" asleep", 4*time.Minute, 500*time.Millisecond, func(ctx context.Context) (bool, error) {
		names, err := s.Pods(ctx, "serving.knative.dev/service="+function)
		return len(names) == 0, err
	})
}
