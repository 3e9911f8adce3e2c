package litellm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Plan is what an import will bring, before the tenant is looked at.
type Plan struct {
	Providers []Provider
	Aliases   []Alias
	Budget    *dcoder.Limit
	NotTaken  []NotTaken
}

// Provider is a credential with a provider.
type Provider struct {
	Name    string
	Dialect string
	BaseURL string
	Env     string // the variable that holds the secret, "" when Secret is the file's
	Secret  string
	Path    string // where it was met first
}

// Alias is one name of a model.
type Alias struct {
	Name    string
	Targets []dcoder.Target
	Path    string
}

// NotTaken is a part of the file that is not brought.
type NotTaken struct{ Path, Why string }

// Read plans the import of a config.yaml and of a JSON dump of LiteLLM's table of
// keys; either may be empty. An error means that a file cannot be read.
func Read(raw, keys []byte) (*Plan, error) {
	c, err := readConfig(raw)
	if err != nil {
		return nil, err
	}
	p := &Plan{}
	for i, m := range c.Models {
		p.model(fmt.Sprintf("model_list[%d]", i), m)
	}
	p.router(c.Router)
	p.general(c.General)
	for _, name := range c.rest {
		p.not(name, "has no counterpart here")
	}
	return p, p.keys(keys)
}

func (p *Plan) not(path, format string, args ...any) {
	p.NotTaken = append(p.NotTaken, NotTaken{path, fmt.Sprintf(format, args...)})
}

// addresses are where LiteLLM's providers answer, and our names of them.
var addresses = map[string]struct{ dialect, baseURL string }{
	"openai":    {"openai", "https://api.openai.com/v1"},
	"anthropic": {"anthropic", "https://api.anthropic.com/v1"},
	"groq":      {"groq", "https://api.groq.com/openai/v1"},
	"gemini":    {"google", "https://generativelanguage.googleapis.com/v1beta"},
}

// modelParams are the parameters of a deployment that are taken, or that change
// nothing.
var modelParams = []string{"model", "api_key", "api_base", "base_url", "weight", "rpm", "tpm", "custom_llm_provider"}

func (p *Plan) model(path string, m model) {
	provider, id := split(text(m.Params, "model"), text(m.Params, "custom_llm_provider"))
	at, known := addresses[provider]
	switch {
	case !known:
		p.not(path+".litellm_params.model", "no dialect takes the provider of %q from a file: set its credential by PUT /v1/providers", text(m.Params, "model"))
		return
	case strings.Contains(id, "*") || strings.Contains(m.Name, "*"):
		p.not(path+".model_name", "a pattern is no alias: a provider offers what the catalogue knows as it is")
		return
	case !aliasID.MatchString(m.Name):
		p.not(path+".model_name", "%q is no alias: letters, digits and . _ : @ - only", m.Name)
		return
	}
	base := first(text(m.Params, "api_base"), text(m.Params, "base_url"), at.baseURL)
	name := p.provider(path, at.dialect, strings.TrimRight(base, "/"), text(m.Params, "api_key"), provider)
	for _, key := range sortedKeys(m.Params, modelParams...) {
		p.not(path+".litellm_params."+key, "a deployment has no such setting here")
	}
	if len(m.Info) > 0 {
		p.not(path+".model_info", "prices come by dcoder prices import, all else from the catalogue")
	}
	weight := number(m.Params, "weight")
	if weight == 0 {
		weight = first(number(m.Params, "rpm"), number(m.Params, "tpm"))
	}
	p.target(m.Name, path, dcoder.Target{Provider: name, Model: id, Weight: int(max(weight, 0))})
}

var aliasID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$`)

// split reads "anthropic/claude-opus-4-7"; a name without a provider is OpenAI's.
func split(name, provider string) (string, string) {
	if provider != "" {
		return provider, strings.TrimPrefix(name, provider+"/")
	}
	if head, rest, ok := strings.Cut(name, "/"); ok {
		return head, rest
	}
	return "openai", name
}

// provider returns the name of the credential, a new one where it was not met
// before: "openai", then "openai-2".
func (p *Plan) provider(path, dialect, base, key, provider string) string {
	env, fromEnv := strings.CutPrefix(key, "os.environ/")
	if key == "" {
		env, fromEnv = strings.ToUpper(provider)+"_API_KEY", true
	}
	one := Provider{Dialect: dialect, BaseURL: base, Path: path}
	if fromEnv {
		one.Env = env
	} else {
		one.Secret = key
	}
	n := 1
	for _, other := range p.Providers {
		if other.Dialect == dialect {
			if other.BaseURL == base && other.Env == one.Env && other.Secret == one.Secret {
				return other.Name
			}
			n++
		}
	}
	one.Name = dialect
	if n > 1 {
		one.Name = fmt.Sprintf("%s-%d", dialect, n)
	}
	p.Providers = append(p.Providers, one)
	return one.Name
}

func (p *Plan) alias(name string) *Alias {
	i := slices.IndexFunc(p.Aliases, func(a Alias) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Aliases[i]
}

const mostTargets = 20

func (p *Plan) target(name, path string, t dcoder.Target) {
	a := p.alias(name)
	if a == nil {
		p.Aliases = append(p.Aliases, Alias{Name: name, Path: path})
		a = &p.Aliases[len(p.Aliases)-1]
	}
	for _, other := range a.Targets {
		if other.Provider == t.Provider && other.Model == t.Model {
			p.not(path, "the alias %s has this model of this credential already", name)
			return
		}
	}
	if len(a.Targets) == mostTargets {
		p.not(path, "an alias has at most %d targets", mostTargets)
		return
	}
	a.Targets = append(a.Targets, t)
}

func first[T comparable](values ...T) (zero T) {
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}
