// Package kinship says which requests may be answered by each other's answers at
// all, and what they ask: it reads a canonical request into package semcache's
// Partition and Ask. It decides nothing; whether two questions of one partition
// are close enough is semcache's matter, and equal requests are the exact cache's.
package kinship

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// Caller is what a request does not say itself.
type Caller struct {
	Tenant    string
	Scope     string // application or virtual key
	Provider  string
	Embedder  string
	Knowledge string // version of the corpus and ids of what was retrieved
	Shortener string // version of the compressor, when it is on
}

// fleeting are fields outside the canonical form that do not shape an answer.
var fleeting = []string{"prompt_cache_key", "prompt_cache_retention", "safety_identifier"}

// Of reads a request. ok is false when its last message is not a plain question
// of the user, so that there is nothing to be near to.
func Of(r *canonical.Request, c Caller) (p semcache.Partition, a semcache.Ask, ok bool) {
	said, ok := question(r)
	if !ok {
		return p, a, false
	}
	system, turns := r.Turns()
	a = semcache.Ask{Text: semcache.Read(said), Temperature: r.Temperature, Tools: len(r.Tools) > 0}
	if r.Count != nil {
		a.Answers = int(*r.Count)
	}
	for _, t := range turns {
		if t.Role == canonical.User {
			a.Turns++
		}
		look(t.Blocks, &a)
	}
	p = semcache.Partition{
		Tenant: c.Tenant, Scope: c.Scope, Provider: c.Provider, Model: r.Model, Shape: string(r.Origin),
		Embedder: c.Embedder, Knowledge: c.Knowledge, Shortener: c.Shortener,
		Heat: semcache.HeatClass(r.Temperature), Output: semcache.OutputClass(r.MaxTokens),
	}
	if r.Seed != nil {
		p.Seed = strconv.FormatInt(*r.Seed, 10)
	}
	var err error
	for _, f := range []struct {
		to   *string
		from any
	}{{&p.System, system}, {&p.Tools, r.Tools}, {&p.Format, r.Format}, {&p.History, r.Messages[:len(r.Messages)-1]}, {&p.Other, rest(r)}} {
		if *f.to, err = text(f.from); err != nil {
			return p, a, false // a field that is no JSON: nothing is like it
		}
	}
	return p, a, true
}

func text(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write a field of a request: %w", err)
	}
	return string(b), nil
}

// question is the last user message, when that is one text and nothing else.
func question(r *canonical.Request) (string, bool) {
	if len(r.Messages) == 0 {
		return "", false
	}
	m := &r.Messages[len(r.Messages)-1]
	if m.Role != canonical.User || len(m.Blocks) != 1 || len(m.Extra) > 0 || m.Name != "" {
		return "", false
	}
	b := &m.Blocks[0]
	return b.Text, b.Kind == canonical.Text && b.Text != "" && len(b.Extra) == 0 && b.Signature == ""
}

// look notes what rules sharing out.
func look(blocks []canonical.Block, a *semcache.Ask) {
	for i := range blocks {
		switch blocks[i].Kind {
		case canonical.ToolUse, canonical.ToolResult:
			a.Tools = true
		case canonical.Image, canonical.Document, canonical.Audio, canonical.Opaque:
			a.Media = true
		}
	}
}

// rest is the request without what has a field of its own and what does not shape
// an answer. What a later version adds to the canonical form stays in, so that a
// forgotten field costs hits and never a wrong answer.
func rest(r *canonical.Request) canonical.Request {
	o := *r
	o.Model, o.Messages, o.System, o.Tools, o.Format = "", nil, nil, nil, nil
	o.Temperature, o.MaxTokens, o.Seed, o.Count = nil, nil, nil, nil
	o.Stream, o.UsageInStream, o.InputEstimate = false, nil, 0
	o.User, o.Metadata, o.Store, o.ServiceTier = "", nil, nil, ""
	o.SystemPlain, o.InputPlain, o.StopPlain = false, false, false
	o.Extra = canonical.Extra{}
	for name, value := range r.Extra {
		if !slices.Contains(fleeting, name) {
			o.Extra[name] = value
		}
	}
	return o
}
