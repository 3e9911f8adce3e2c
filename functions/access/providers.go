package access

import (
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

type providerName struct {
	Provider string `path:"provider" maxLength:"64"`
}

type providerPage struct {
	Body function.Page[dcoder.Provider]
}

func (a *access) listProviders(ctx context.Context, _ *struct{}) (*providerPage, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	all, err := a.Providers.List(ctx, t)
	return &providerPage{function.NewPage(all, "")}, err
}

type putProvider struct {
	Provider string `path:"provider" maxLength:"64"`
	Body     struct {
		Dialect string   `json:"dialect" maxLength:"64" doc:"whose API it speaks"`
		BaseURL string   `json:"baseUrl" maxLength:"2048" doc:"scheme, host and path prefix, e.g. https://api.openai.com/v1"`
		Secret  string   `json:"secret,omitempty" maxLength:"8192" doc:"the API key, or for vertex a service account's key file (JSON); absent: the one that is there stays"`
		Models  []string `json:"models,omitempty" maxItems:"500" doc:"models that the tenant offers from it; none: what the catalogue knows"`
	}
}

type providerAnswer struct{ Body dcoder.Provider }

func (a *access) putProvider(ctx context.Context, in *putProvider) (*providerAnswer, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.checkProvider(in); err != nil {
		return nil, err
	}
	set, err := a.Providers.Put(ctx, t, dcoder.Provider{
		Name: in.Provider, Dialect: in.Body.Dialect, BaseURL: strings.TrimRight(in.Body.BaseURL, "/"), Models: in.Body.Models,
	}, in.Body.Secret)
	return &providerAnswer{set}, err
}

var providerID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func (a *access) checkProvider(in *putProvider) error {
	switch {
	case !providerID.MatchString(in.Provider):
		return dcoder.Invalid("provider", "a provider's name is at most 64 of a-z, 0-9, _ and -")
	case !slices.Contains(a.Dialects, in.Body.Dialect):
		return dcoder.Invalid("dialect", "dialect is one of %s", strings.Join(a.Dialects, ", "))
	case !isSecret(in.Body.Secret, in.Body.Dialect):
		return dcoder.Invalid("secret", "a secret is printable ASCII without spaces")
	}
	if err := checkBaseURL(in.Body.BaseURL); err != nil {
		return err
	}
	for _, m := range in.Body.Models {
		if strings.HasSuffix(m, "*") {
			return dcoder.Invalid("models", "models are named one by one")
		}
	}
	return checkModels("models", in.Body.Models)
}

// isSecret takes what can stand in a header, and for Vertex AI a service
// account's key file too.
func isSecret(s, dialect string) bool {
	if dialect == "vertex" && strings.HasPrefix(strings.TrimSpace(s), "{") {
		return json.Valid([]byte(s))
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// checkBaseURL refuses what is no plain address, and a secret sent in the clear
// beyond a private network. Whether an address may be called is decided when it
// is: names change their meaning.
func checkBaseURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return dcoder.Invalid("baseUrl", "baseUrl is scheme, host and path, without user, query and fragment")
	}
	if u.Scheme == "https" || u.Scheme == "http" && private(u.Hostname()) {
		return nil
	}
	return dcoder.Invalid("baseUrl", "baseUrl must be https; http only within a private network")
}

func private(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".svc.cluster.local") || strings.HasSuffix(host, ".internal")
}

func (a *access) deleteProvider(ctx context.Context, in *providerName) (*gone, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	return noContent, a.Providers.Delete(ctx, t, in.Provider)
}

type testAnswer struct{ Body probe }

func (a *access) testProvider(ctx context.Context, in *providerName) (*testAnswer, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	grant, err := a.Providers.Grant(ctx, t, in.Provider)
	if err != nil {
		return nil, err
	}
	out := &testAnswer{a.ask(ctx, grant)}
	return out, nil
}
