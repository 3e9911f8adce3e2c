package declarative

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

const mostBytes = 64 << 20

// Load reads a configuration in YAML or JSON. Every fault is named; a field that
// is not known is one.
func Load(raw []byte) (*Config, error) {
	if len(raw) > mostBytes {
		return nil, fmt.Errorf("the configuration has %d bytes, at most %d are read", len(raw), mostBytes)
	}
	var c Config
	if err := yaml.UnmarshalStrict(raw, &c); err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return &c, c.Check()
}

// Check names everything that Kong would refuse.
func (c *Config) Check() error {
	k := &checker{services: map[string]bool{}, routes: map[string]bool{}, consumers: map[string]bool{}}
	if c.FormatVersion != "3.0" {
		k.fault("_format_version: %q is not 3.0", c.FormatVersion)
	}
	for i := range c.Services {
		k.service(&c.Services[i])
	}
	for i := range c.Routes {
		k.route(&c.Routes[i])
	}
	for _, consumer := range c.Consumers {
		k.unique(k.consumers, "consumer", consumer.Username)
		k.plugins("consumer "+consumer.Username, consumer.Plugins)
	}
	k.plugins("global", c.Plugins)
	return errors.Join(k.faults...)
}

// checker collects faults.
type checker struct {
	faults                      []error
	services, routes, consumers map[string]bool
}

func (k *checker) fault(format string, args ...any) {
	k.faults = append(k.faults, fmt.Errorf(format, args...))
}

func (k *checker) unique(known map[string]bool, kind, name string) {
	if name == "" {
		k.fault("%s: without a name", kind)
	}
	if known[name] {
		k.fault("%s %s: twice", kind, name)
	}
	known[name] = true
}

func (k *checker) service(s *Service) {
	k.unique(k.services, "service", s.Name)
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		k.fault("service %s: url: %q is no address", s.Name, s.URL)
	}
	for name, n := range map[string]*int{"connect_timeout": s.ConnectTimeout, "read_timeout": s.ReadTimeout, "write_timeout": s.WriteTimeout} {
		if Or(n, 1) < 1 {
			k.fault("service %s: %s: must be above 0", s.Name, name)
		}
	}
	if Or(s.Retries, 0) < 0 {
		k.fault("service %s: retries: must not be below 0", s.Name)
	}
	for i := range s.Routes {
		k.route(&s.Routes[i])
	}
	k.plugins("service "+s.Name, s.Plugins)
}

func (k *checker) route(r *Route) {
	k.unique(k.routes, "route", r.Name)
	if len(r.Hosts)+len(r.Paths)+len(r.Methods)+len(r.Headers) == 0 {
		k.fault("route %s: it matches by nothing", r.Name)
	}
	for _, p := range r.Paths {
		if err := checkPath(p); err != nil {
			k.fault("route %s: paths: %w", r.Name, err)
		}
	}
	for _, m := range r.Methods {
		if !slices.Contains(methods, m) {
			k.fault("route %s: methods: %q is none", r.Name, m)
		}
	}
	for name, values := range r.Headers {
		if name == "" || len(values) == 0 || strings.EqualFold(name, "host") {
			k.fault("route %s: headers: %q needs values and is not host", r.Name, name)
		}
	}
	for _, p := range r.Protocols {
		if p != "http" && p != "https" {
			k.fault("route %s: protocols: %q is neither http nor https", r.Name, p)
		}
	}
	k.plugins("route "+r.Name, r.Plugins)
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	http.MethodTrace, http.MethodConnect,
}

func checkPath(p string) error {
	if expression, isRegex := strings.CutPrefix(p, "~"); isRegex {
		_, err := Regexp(expression)
		return err
	}
	if !strings.HasPrefix(p, "/") {
		return fmt.Errorf("%q begins neither with / nor with ~", p)
	}
	return nil
}

// Regexp compiles a path's expression, which Kong anchors where the path begins.
func Regexp(expression string) (*regexp.Regexp, error) {
	return regexp.Compile("^(?:" + expression + ")")
}

// plugins: one place has each plugin once.
func (k *checker) plugins(where string, all []Plugin) {
	seen := map[string]bool{}
	for _, p := range all {
		k.unique(seen, where+": plugin", p.Name)
	}
}
