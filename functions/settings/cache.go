package settings

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// CacheRules keeps what is cached. Changes write their audit record, are
// announced, and hold for the next request.
type CacheRules interface {
	Policies(ctx context.Context, tenant string) (map[string]dcoder.CacheRules, error)
	SetPolicy(ctx context.Context, tenant, key string, edit func(*dcoder.CacheRules)) (dcoder.CacheRules, error)
}

// CacheVoids declares cached answers void.
type CacheVoids interface {
	Void(ctx context.Context, tenant string, labels []string) error
}

type cacheRules struct {
	Body struct {
		Tenant dcoder.CacheRules            `json:"tenant"`
		Keys   map[string]dcoder.CacheRules `json:"keys,omitempty"`
	}
}

func (s *settings) cacheRules(ctx context.Context, _ *struct{}) (*cacheRules, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.Cache.Policies(ctx, t)
	if err != nil {
		return nil, err
	}
	out := &cacheRules{}
	out.Body.Tenant = all[""]
	delete(all, "")
	out.Body.Keys = all
	return out, nil
}

type setCache struct {
	Body struct {
		Key            string           `json:"key,omitempty" maxLength:"64" doc:"id of a virtual key; none: the tenant"`
		Mode           dcoder.CacheMode `json:"mode,omitempty" enum:"on,off"`
		TTLSeconds     int64            `json:"ttlSeconds,omitempty" minimum:"1" maximum:"604800" doc:"how long an answer is given again"`
		ModelTTL       map[string]int64 `json:"modelTtl,omitempty" doc:"seconds by model, or by a prefix that ends in *; 0 takes one back"`
		MaxTemperature *float64         `json:"maxTemperature,omitempty" minimum:"0" maximum:"2" doc:"calls of a higher one are not cached; none is always cached"`
		ToolCalls      *bool            `json:"toolCalls,omitempty" doc:"answers that call tools are cached as well"`
	}
}

type cacheAnswer struct{ Body dcoder.CacheRules }

const mostModelTTLs = 100

func (s *settings) setCache(ctx context.Context, in *setCache) (*cacheAnswer, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	if b.Mode == "" && b.TTLSeconds == 0 && b.ModelTTL == nil && b.MaxTemperature == nil && b.ToolCalls == nil {
		return nil, dcoder.Invalid("mode", "say a mode, a time to live, a temperature, or toolCalls")
	}
	if err := checkTTLs(b.ModelTTL); err != nil {
		return nil, err
	}
	p, err := s.Cache.SetPolicy(ctx, t, b.Key, func(p *dcoder.CacheRules) {
		said := dcoder.CacheRules{Mode: b.Mode, TTLSeconds: b.TTLSeconds, MaxTemperature: b.MaxTemperature, ToolCalls: b.ToolCalls}
		said.ModelTTL = maps.Clone(p.ModelTTL)
		for model, seconds := range b.ModelTTL {
			if said.ModelTTL == nil {
				said.ModelTTL = map[string]int64{}
			}
			said.ModelTTL[model] = seconds
		}
		maps.DeleteFunc(said.ModelTTL, func(_ string, seconds int64) bool { return seconds == 0 })
		*p = said.Over(*p)
	})
	return &cacheAnswer{p}, err
}

var modelPattern = regexp.MustCompile(`^[A-Za-z0-9_.:/@-]{0,255}\*?$`)

func checkTTLs(ttls map[string]int64) error {
	if len(ttls) > mostModelTTLs {
		return dcoder.Invalid("modelTtl", "at most %d models have a time to live of their own", mostModelTTLs)
	}
	for _, model := range slices.Sorted(maps.Keys(ttls)) {
		if model == "" || !modelPattern.MatchString(model) {
			return dcoder.Invalid("modelTtl", "a model is a name, or a prefix that ends in *")
		}
		if s := ttls[model]; s < 0 || s > dcoder.CacheMostTTLSeconds {
			return dcoder.Invalid("modelTtl."+model, "a time to live is from 1 to %d seconds", dcoder.CacheMostTTLSeconds)
		}
	}
	return nil
}

type invalidate struct {
	Body struct {
		All        bool     `json:"all,omitempty" doc:"everything that is cached for the tenant"`
		Namespace  string   `json:"namespace,omitempty" maxLength:"320" doc:"provider, or provider:model"`
		Namespaces []string `json:"namespaces,omitempty" maxItems:"50"`
		Models     []string `json:"models,omitempty" maxItems:"50" doc:"as served, or as asked for"`
		Tags       []string `json:"tags,omitempty" maxItems:"50" doc:"that calls were sent with, in X-Dcoder-Cache-Tags"`
		Sources    []string `json:"sources,omitempty" maxItems:"50" doc:"that answers were made from: documents, collections, X-Dcoder-Cache-Sources"`
		Override   int64    `json:"ttlOverride,omitempty" minimum:"1" maximum:"604800" doc:"seconds that answers of the named models live from now on"`
	}
}

type invalidated struct {
	Body struct {
		Invalidated []string `json:"invalidated" doc:"by which labels answers are found void"`
	}
}

// invalidate declares answers void: no call that is asked from now on gets one
// that was asked for before.
func (s *settings) invalidate(ctx context.Context, in *invalidate) (*invalidated, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	v := dcoder.CacheVoid{All: b.All, Namespaces: b.Namespaces, Models: b.Models, Tags: b.Tags, Sources: b.Sources}
	if b.Namespace != "" {
		v.Namespaces = append(v.Namespaces, b.Namespace)
	}
	labels := v.Labels()
	if len(labels) == 0 {
		return nil, dcoder.Invalid("namespace", "say what: a namespace, models, tags, sources, or all")
	}
	for _, l := range labels {
		if len(l) > 2+320 {
			return nil, dcoder.Invalid("namespace", "a name has at most 320 characters")
		}
	}
	if b.Override > 0 {
		if err := s.outlive(ctx, t, b.Models, b.Override); err != nil {
			return nil, err
		}
	}
	if err := s.Voids.Void(ctx, t, labels); err != nil {
		return nil, err
	}
	out := &invalidated{}
	slices.Sort(labels)
	out.Body.Invalidated = labels
	return out, nil
}

// outlive gives models a time to live of their own.
func (s *settings) outlive(ctx context.Context, tenant string, models []string, seconds int64) error {
	if len(models) == 0 {
		return dcoder.Invalid("ttlOverride", "a time to live is for models: name them in models")
	}
	ttls := map[string]int64{}
	for _, m := range models {
		ttls[m] = seconds
	}
	if err := checkTTLs(ttls); err != nil {
		return err
	}
	_, err := s.Cache.SetPolicy(ctx, tenant, "", func(p *dcoder.CacheRules) {
		if p.ModelTTL == nil {
			p.ModelTTL = map[string]int64{}
		}
		maps.Copy(p.ModelTTL, ttls)
	})
	if err != nil {
		return fmt.Errorf("set times to live: %w", err)
	}
	return nil
}
