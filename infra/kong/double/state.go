package double

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
)

// state is one configuration as it is served; it never changes.
type state struct {
	config    *declarative.Config
	hash      string
	routes    []candidate // in the order of precedence
	global    plugins
	consumers map[string]*consumer
}

type service struct {
	name      string
	url       *url.URL
	transport *http.Transport
	plugins   plugins
}

type route struct {
	declarative.Route
	service *service // nil: a plugin answers
	plugins plugins
}

type consumer struct {
	name    string
	plugins plugins
}

// plugins are those of one place, by name.
type plugins map[string]any

func (g *Gateway) compile(c *declarative.Config) (*state, error) {
	b := &builder{gateway: g}
	s := &state{config: c, hash: hashOf(c), consumers: map[string]*consumer{}}
	s.global = b.plugins(place{}, c.Plugins)
	for _, one := range c.Consumers {
		s.consumers[one.Username] = &consumer{one.Username, b.plugins(place{}, one.Plugins)}
	}
	for i := range c.Routes {
		s.routes = append(s.routes, b.route(nil, &c.Routes[i])...)
	}
	for i := range c.Services {
		one := b.service(&c.Services[i])
		for j := range c.Services[i].Routes {
			s.routes = append(s.routes, b.route(one, &c.Services[i].Routes[j])...)
		}
	}
	slices.SortStableFunc(s.routes, func(a, b candidate) int { return a.before(&b) })
	return s, errors.Join(b.faults...)
}

// close lets idle connections go.
func (s *state) close() {
	for _, c := range s.routes {
		if c.service != nil {
			c.service.transport.CloseIdleConnections()
		}
	}
}

// builder collects faults.
type builder struct {
	gateway *Gateway
	faults  []error
}

func (b *builder) service(s *declarative.Service) *service {
	u, err := url.Parse(s.URL)
	if err != nil {
		b.faults = append(b.faults, err)
		return nil
	}
	if u.Port() == "" {
		u.Host += map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	}
	return &service{
		name: s.Name, url: u, plugins: b.plugins(place{service: s.Name}, s.Plugins),
		transport: b.gateway.transport(millis(s.ConnectTimeout), millis(s.ReadTimeout), millis(s.WriteTimeout), declarative.Or(s.Retries, 5)),
	}
}

// millis is a time of a service; Kong's default is a minute.
func millis(n *int) time.Duration {
	return time.Duration(declarative.Or(n, 60_000)) * time.Millisecond
}

func (b *builder) route(s *service, r *declarative.Route) []candidate {
	where := place{route: r.Name}
	if s != nil {
		where.service = s.name
	}
	out, err := candidates(&route{Route: *r, service: s, plugins: b.plugins(where, r.Plugins)})
	if err != nil {
		b.faults = append(b.faults, fmt.Errorf("route %s: %w", r.Name, err))
	}
	return out
}

func (b *builder) plugins(where place, all []declarative.Plugin) plugins {
	out := plugins{}
	for _, p := range all {
		if !declarative.Or(p.Enabled, true) {
			continue
		}
		built, err := b.gateway.plugin(where, p)
		if err != nil {
			b.faults = append(b.faults, fmt.Errorf("plugin %s: %w", p.Name, err))
			continue
		}
		out[p.Name] = built
	}
	return out
}
