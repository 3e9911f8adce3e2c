package tenants

import (
	"context"
	"net/url"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Tracing keeps where tenants want the spans of their calls. Changes write their
// audit record and are announced.
type Tracing interface {
	// Get returns nil when nothing is set.
	Get(ctx context.Context, tenant string) (*dcoder.Tracing, error)
	// Set keeps the secret that is there when secret is empty; 400 where there is
	// none, or it is another endpoint's.
	Set(ctx context.Context, tenant string, in dcoder.Tracing, secret string) (dcoder.Tracing, error)
	Delete(ctx context.Context, tenant string) error
}

type tracingAnswer struct{ Body dcoder.Tracing }

func (t *tenants) getTracing(ctx context.Context, in *tenantID) (*tracingAnswer, error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	found, err := t.Tracing.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, dcoder.NotFound("tracing", in.ID)
	}
	return &tracingAnswer{*found}, nil
}

type putTracing struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Endpoint  string `json:"endpoint" maxLength:"500" doc:"base of OTLP/HTTP, without /v1/traces: https://cloud.langfuse.com/api/public/otel"`
		PublicKey string `json:"publicKey" minLength:"1" maxLength:"200" doc:"user of Basic authentication"`
		SecretKey string `json:"secretKey,omitempty" maxLength:"500" doc:"its password; absent: the one that is there stays, for the same endpoint"`
		Contents  bool   `json:"contents,omitempty" doc:"questions and answers too, with secrets and personal data masked; false by default"`
		Percent   int    `json:"percent,omitempty" minimum:"1" maximum:"100" default:"100" doc:"of the calls"`
	}
}

func (t *tenants) putTracing(ctx context.Context, in *putTracing) (*tracingAnswer, error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	b := &in.Body
	if err := checkEndpoint(b.Endpoint); err != nil {
		return nil, err
	}
	if strings.Contains(b.PublicKey, ":") {
		return nil, dcoder.Invalid("publicKey", "a user of Basic authentication has no colon (RFC 7617)")
	}
	set, err := t.Tracing.Set(ctx, in.ID, dcoder.Tracing{
		Endpoint: strings.TrimRight(b.Endpoint, "/"), PublicKey: b.PublicKey, Contents: b.Contents, Percent: b.Percent,
	}, b.SecretKey)
	return &tracingAnswer{set}, err
}

// checkEndpoint refuses what cannot be a base address. Whether it may be called
// is decided where it is dialled, behind the resolution of its name.
func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return dcoder.Invalid("endpoint", "an address begins with https:// and a host, and has no user, query or fragment")
	}
	return nil
}

func (t *tenants) deleteTracing(ctx context.Context, in *tenantID) (*struct{}, error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, t.Tracing.Delete(ctx, in.ID)
}
