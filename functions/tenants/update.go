package tenants

import (
	"context"
	"fmt"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/label"
)

// update is a merge patch (RFC 7396) of what may change: an absent field stays.
type update struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Name     *string   `json:"name,omitempty" maxLength:"2000"`
		Policies *policies `json:"policies,omitempty"`
	}
}

type policies struct {
	RedisDown   *string                 `json:"redisDown,omitempty" enum:"closed,open" doc:"calls while the ledger cannot be reached"`
	ColdOpen    *bool                   `json:"coldOpen,omitempty" doc:"let calls through while counters are unknown and cannot be rebuilt"`
	OutputCap   *int64                  `json:"outputCap,omitempty" minimum:"0" maximum:"10000000" doc:"tokens reserved at most for an answer under budgets that only alert"`
	Cache       *cachePolicy            `json:"cache,omitempty"`
	Compression *string                 `json:"compression,omitempty" enum:"off,lossless" doc:"off: requests may not ask for it"`
	Guardrails  *string                 `json:"guardrails,omitempty" enum:"off,alert,mask,block" doc:"what guardrails do where PUT /v1/policies/guardrails/mode says nothing"`
	Failover    *bool                   `json:"failover,omitempty"`
	LogContents *bool                   `json:"logContents,omitempty"`
	Prices      map[string]dcoder.Price `json:"prices,omitempty" doc:"in place of all own prices: by provider/model, micro-units for a million tokens"`
}

type cachePolicy struct {
	Exact      *bool   `json:"exact,omitempty"`
	TTLSeconds *int64  `json:"ttlSeconds,omitempty" minimum:"1" maximum:"2592000"`
	Semantic   *string `json:"semantic,omitempty" enum:"off,shadow,on" doc:"kept for the semantic cache, which no call goes through yet"`
}

func (t *tenants) update(ctx context.Context, in *update) (*answer, error) {
	if in.Body.Name != nil {
		name, err := label.Clean(*in.Body.Name)
		if err != nil {
			return nil, dcoder.Invalid("name", "name %v", err)
		}
		in.Body.Name = &name
	}
	if in.Body.Policies != nil {
		if err := checkPrices(in.Body.Policies.Prices); err != nil {
			return nil, err
		}
	}
	changed, err := t.Store.Update(ctx, in.ID, func(tenant *dcoder.Tenant) error {
		set(&tenant.Name, in.Body.Name)
		if in.Body.Policies != nil {
			in.Body.Policies.into(&tenant.Policies)
		}
		return nil
	})
	return &answer{changed}, err
}

func checkPrices(prices map[string]dcoder.Price) error {
	for model, p := range prices {
		if p.Input < 0 || p.Output < 0 || p.CachedInput < 0 || len(model) > 300 || p.Version == "" {
			return dcoder.Invalid(fmt.Sprintf("policies.prices[%q]", model), "a price is not negative and has a version")
		}
	}
	return nil
}

func (in *policies) into(p *dcoder.Policies) {
	set(&p.RedisDown, in.RedisDown)
	set(&p.ColdOpen, in.ColdOpen)
	set(&p.OutputCap, in.OutputCap)
	set(&p.Compression, in.Compression)
	set(&p.Guardrails, in.Guardrails)
	set(&p.Failover, in.Failover)
	set(&p.LogContents, in.LogContents)
	if in.Cache != nil {
		set(&p.Cache.Exact, in.Cache.Exact)
		set(&p.Cache.TTLSeconds, in.Cache.TTLSeconds)
		set(&p.Cache.Semantic, in.Cache.Semantic)
	}
	if in.Prices != nil {
		p.Prices = in.Prices
	}
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
