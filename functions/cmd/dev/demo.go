package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
)

// demo is the tenant that a newcomer starts with.
type demo struct {
	OwnerKey string // of the platform's owner
	Tenant   string
	APIKey   string // of the tenant's first administrator
}

// provider is a credential that the demo tenant gets.
type provider struct {
	name, dialect, base, secret string
	real                        bool
}

// simulated uses the keys that are in the environment, and the simulator for the
// rest.
func simulated(simulator string) []provider {
	list := []provider{
		{name: "openai", dialect: "openai", base: "https://api.openai.com/v1", secret: os.Getenv("OPENAI_API_KEY")},
		{name: "groq", dialect: "groq", base: "https://api.groq.com/openai/v1", secret: os.Getenv("GROQ_API_KEY")},
		{name: "anthropic", dialect: "anthropic", base: "https://api.anthropic.com/v1", secret: os.Getenv("ANTHROPIC_API_KEY")},
		{name: "google", dialect: "google", base: "https://generativelanguage.googleapis.com/v1beta", secret: os.Getenv("GEMINI_API_KEY")},
	}
	stands := map[string]string{
		"openai": simulator + "/v1", "groq": simulator + "/openai/v1",
		"anthropic": simulator + "/anthropic/v1", "google": simulator + "/v1beta",
	}
	for i := range list {
		p := &list[i]
		if p.real = p.secret != ""; !p.real {
			p.base, p.secret = stands[p.name], "simulated"
		}
	}
	return list
}

// ready makes what is missing of the demo tenant and points its credentials to
// where the providers are this time. owner makes a key of the platform's owner
// when the one that is known is not good (any more).
func (d *demo) ready(ctx context.Context, base string, list []provider, owner func(context.Context) (string, error)) error {
	a := newAPI(base, d.APIKey)
	if good, err := works(ctx, a, "/v1/keys"); err != nil {
		return err
	} else if !good {
		if err := d.make(ctx, a, owner); err != nil {
			return err
		}
		a = a.as(d.APIKey)
	}
	for _, p := range list {
		set := map[string]any{"dialect": p.dialect, "baseUrl": p.base, "secret": p.secret}
		if err := a.do(ctx, http.MethodPut, "/v1/providers/"+p.name, set, nil); err != nil {
			return fmt.Errorf("set the demo tenant's credential: %w", err)
		}
	}
	return nil
}

func (d *demo) make(ctx context.Context, a *api, owner func(context.Context) (string, error)) error {
	good, err := works(ctx, a.as(d.OwnerKey), "/v1/tenants")
	if err == nil && !good {
		d.OwnerKey, err = owner(ctx)
	}
	if err != nil {
		return fmt.Errorf("make a key of the platform's owner: %w", err)
	}
	var made struct {
		ID       string `json:"id"`
		State    string `json:"state"`
		AdminKey struct {
			Secret string `json:"secret"`
		} `json:"adminKey"`
	}
	if err := a.as(d.OwnerKey).do(ctx, http.MethodPost, "/v1/tenants", map[string]any{"name": "Demo"}, &made); err != nil {
		return fmt.Errorf("make the demo tenant: %w", err)
	}
	if made.State != "active" {
		return fmt.Errorf("the demo tenant %s is still %s: is the worker running?", made.ID, made.State)
	}
	d.Tenant, d.APIKey = made.ID, made.AdminKey.Secret
	return nil
}

// works says whether the key is good for the path.
func works(ctx context.Context, a *api, path string) (bool, error) {
	if a.key == "" {
		return false, nil
	}
	err := a.do(ctx, http.MethodGet, path, nil, nil)
	var no *refusal
	if errors.As(err, &no) && no.status < 500 {
		return false, nil
	}
	return err == nil, err
}
