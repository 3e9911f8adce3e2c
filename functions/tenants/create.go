package tenants

import (
	"context"
	"regexp"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/label"
)

type create struct {
	Body struct {
		Name     string `json:"name" maxLength:"2000" doc:"what people call it, at most 100 characters"`
		Platform string `json:"platform,omitempty" maxLength:"64" doc:"brand; default d.coder"`
		Plan     string `json:"plan,omitempty" enum:"pooled,silo" doc:"default pooled"`
		TimeZone string `json:"timezone,omitempty" maxLength:"64" doc:"IANA name: where its days, weeks and months begin; default UTC"`
		Currency string `json:"currency,omitempty" maxLength:"3" doc:"ISO 4217; default USD"`
	}
}

type created struct {
	Status   int
	Location string `header:"Location"`
	Body     createdTenant
}

type createdTenant struct {
	dcoder.Tenant
	AdminKey adminKey `json:"adminKey"`
}

type adminKey struct {
	ID     string `json:"id"`
	Secret string `json:"secret" doc:"the whole key, as clients send it; shown this once"`
}

const usualPatience = 8 * time.Second

// create makes the first administrator's key here and gives the workflow its
// keyed hash only: what a workflow is given stays in its history.
func (t *tenants) create(ctx context.Context, in *create) (*created, error) {
	p := dcoder.PrincipalOf(ctx)
	if p.Tenant != dcoder.PlatformTenant {
		return nil, dcoder.Invalid(dcoder.HeaderTenant, "a new tenant is made by the platform: send no %s", dcoder.HeaderTenant)
	}
	o, err := onboarding(ctx, in)
	if err != nil {
		return nil, err
	}
	issued, hashed := t.Issuer.Issue(o.Tenant, dcoder.NewKeyID())
	hashed.Name = "first administrator"
	o.Admin = hashed
	done, err := t.onboard(ctx, o)
	if err != nil {
		return nil, err
	}
	out := &created{Status: 202, Location: "/v1/tenants/" + o.Tenant}
	out.Body = createdTenant{pending(o), adminKey{hashed.ID, issued.Text}}
	if done {
		out.Status = 201
		if out.Body.Tenant, err = t.Store.Get(ctx, o.Tenant); err != nil {
			return nil, err
		}
	}
	if err := function.Remember(ctx, out); err != nil {
		return nil, err
	}
	return out, t.Store.Remember(ctx)
}

func (t *tenants) onboard(ctx context.Context, o dcoder.Onboarding) (done bool, err error) {
	patience := t.Patience
	if patience == 0 {
		patience = usualPatience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return t.Onboarder.Onboard(ctx, o)
}

var (
	platformID = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$`)
	currencyID = regexp.MustCompile(`^[A-Z]{3}$`)
)

func onboarding(ctx context.Context, in *create) (dcoder.Onboarding, error) {
	or := func(given, usual string) string {
		if given == "" {
			return usual
		}
		return given
	}
	b := in.Body
	name, err := label.Clean(b.Name)
	if err != nil {
		return dcoder.Onboarding{}, dcoder.Invalid("name", "name %v", err)
	}
	o := dcoder.Onboarding{
		Tenant: dcoder.NewTenantID(), Name: name, Platform: or(b.Platform, dcoder.DefaultPlatform), Plan: or(b.Plan, "pooled"),
		TimeZone: or(b.TimeZone, "UTC"), Currency: or(b.Currency, "USD"),
		RequestID: dcoder.RequestIDOf(ctx), Actor: dcoder.PlatformTenant + "/" + dcoder.PrincipalOf(ctx).Key,
	}
	if !platformID.MatchString(o.Platform) {
		return o, dcoder.Invalid("platform", "platform is at most 64 of a-z, 0-9, . and -")
	}
	if !currencyID.MatchString(o.Currency) {
		return o, dcoder.Invalid("currency", "currency is three capitals, as in ISO 4217")
	}
	if _, err := time.LoadLocation(o.TimeZone); err != nil || o.TimeZone == "Local" {
		return o, dcoder.Invalid("timezone", "timezone is an IANA name like Europe/Berlin")
	}
	return o, nil
}

// pending is what can be said of a tenant that is being made.
func pending(o dcoder.Onboarding) dcoder.Tenant {
	now := time.Now().UTC()
	return dcoder.Tenant{
		ID: o.Tenant, Name: o.Name, Platform: o.Platform, State: dcoder.StateProvisioning, Plan: o.Plan,
		TimeZone: o.TimeZone, Currency: o.Currency, Policies: dcoder.DefaultPolicies(), Created: now, Updated: now,
	}
}
