// Package gateway renders Kong's configuration from the functions: a service for
// each, its routes by path with their size limits, coarse limits on Redis, and
// what is done to every request. Kong is the only way in from outside; it knows
// paths, sizes and rates, and no secret: who asks is proven by the function.
package gateway

import (
	"cmp"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
	"github.com/d-coder-ai/dcoder/shared/function"
)

const (
	connectMillis = 5000
	// streamMillis is longer than Knative lets a request take: timeouts grow
	// outwards.
	streamMillis = 600_000
	// beyond is how much longer than a function Kong waits for it.
	beyond = 10 * time.Second
)

// Config is the whole configuration of an environment and of the silo tenants
// that live there.
func Config(funcs []function.Func, e *kubernetes.Environment, silos []kubernetes.Silo) *declarative.Config {
	c := &declarative.Config{FormatVersion: "3.0", Plugins: everywhere(e), Routes: []declarative.Route{unknown()}}
	for _, f := range funcs {
		c.Services = append(c.Services, service(f, f.Name, kubernetes.Namespace, e.Gateway.Host, e))
	}
	for _, s := range silos {
		if s.Environment != e.Name {
			continue
		}
		for _, f := range funcs {
			c.Services = append(c.Services, service(f, f.Name+"."+s.Tenant, s.Own(f.Name), s.Host, e))
		}
	}
	return c
}

// service is one function: of all tenants, or of one that has its own.
func service(f function.Func, name, namespace, host string, e *kubernetes.Environment) declarative.Service {
	calls := isGateway(f)
	s := declarative.Service{
		Name: name, URL: "http://" + f.Name + "." + namespace + ".svc.cluster.local:80",
		ConnectTimeout: new(connectMillis), ReadTimeout: new(readMillis(f)), WriteTimeout: new(readMillis(f)),
		Retries: new(2), Routes: routes(f, name, e),
	}
	limit := e.Gateway.Others
	if calls {
		limit, s.Retries = e.Gateway.Calls, new(0) // a call that is repeated is paid twice
	}
	s.Plugins = []declarative.Plugin{rateLimit(limit, e)}
	for i := range s.Routes {
		if host != "" {
			s.Routes[i].Hosts = []string{host}
		}
		if e.Gateway.TLS {
			s.Routes[i].Protocols = []string{"https"}
		}
	}
	return s
}

// isGateway reports whether the function calls models.
func isGateway(f function.Func) bool {
	return slices.ContainsFunc(f.Routes, func(r function.Route) bool { return r.Admitted })
}

func streams(f function.Func) bool {
	return slices.ContainsFunc(f.Routes, func(r function.Route) bool { return r.Schema != nil && r.Schema.Streams != nil })
}

func readMillis(f function.Func) int {
	if streams(f) {
		return streamMillis
	}
	return int(min(f.Scale.Timeout+beyond, streamMillis*time.Millisecond).Milliseconds())
}

// routes groups a function's paths by the largest body that they take. Methods
// are the function's business: it answers 405 in its clients' own shape. Neither
// health nor the event door are among them.
func routes(f function.Func, name string, e *kubernetes.Environment) (out []declarative.Route) {
	largest := map[string]int64{}
	for _, r := range f.Routes {
		largest[r.Path] = max(largest[r.Path], r.MaxBody)
	}
	groups := map[int64][]string{}
	for path, most := range largest {
		if path != mcpPath {
			groups[megabytes(most)] = append(groups[megabytes(most)], Pattern(path))
		}
	}
	for size, paths := range groups {
		slices.Sort(paths)
		out = append(out, route(name+"."+label(size), paths, size, streams(f)))
	}
	slices.SortFunc(out, func(a, b declarative.Route) int { return cmp.Compare(a.Name, b.Name) })
	if f.Name == "settings" {
		out = append(out, route(name+".openapi", []string{"~/openapi\\.json$"}, 1, false))
	}
	if most, has := largest[mcpPath]; has {
		out = append(out, mcp(name, megabytes(most), e)...)
	}
	return out
}

func route(name string, paths []string, size int64, stream bool) declarative.Route {
	r := declarative.Route{
		Name: name, Paths: paths, StripPath: new(false), PreserveHost: new(false),
		Plugins: []declarative.Plugin{sizeLimit(size)},
	}
	if stream {
		r.ResponseBuffering = new(false)
	}
	return r
}
