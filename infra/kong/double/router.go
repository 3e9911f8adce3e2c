package double

import (
	"cmp"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
)

// candidate is a route by one of its paths (or by none).
type candidate struct {
	*route
	path       string // prefix, "" for none
	expression *regexp.Regexp
	headers    map[string][]want
}

// want is one value of a header: as it is, or "~*" and an expression.
type want struct {
	text       string
	expression *regexp.Regexp
}

func candidates(r *route) (out []candidate, err error) {
	base := candidate{route: r, headers: map[string][]want{}}
	for name, values := range r.Headers {
		for _, v := range values {
			w := want{text: v}
			if expression, isRegex := strings.CutPrefix(v, "~*"); isRegex {
				if w.expression, err = regexp.Compile("(?i)" + expression); err != nil {
					return nil, err
				}
			}
			base.headers[http.CanonicalHeaderKey(name)] = append(base.headers[http.CanonicalHeaderKey(name)], w)
		}
	}
	for _, p := range r.Paths {
		c := base
		c.path = p
		if expression, isRegex := strings.CutPrefix(p, "~"); isRegex {
			if c.expression, err = declarative.Regexp(expression); err != nil {
				return nil, err
			}
		}
		out = append(out, c)
	}
	if len(r.Paths) == 0 {
		out = []candidate{base}
	}
	return out, nil
}

// before is Kong's precedence (traditional_compatible): more kinds of fields, a
// plain host, more headers, an expression, its priority, a longer path.
func (c *candidate) before(o *candidate) int {
	return cmp.Or(
		-cmp.Compare(c.kinds(), o.kinds()), -compareBool(c.plainHosts(), o.plainHosts()),
		-cmp.Compare(len(c.headers), len(o.headers)), -compareBool(c.expression != nil, o.expression != nil),
		-cmp.Compare(c.RegexPriority, o.RegexPriority), -cmp.Compare(len(c.path), len(o.path)),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (c *candidate) kinds() (n int) {
	for _, has := range []bool{len(c.Hosts) > 0, c.path != "", len(c.Methods) > 0, len(c.headers) > 0} {
		if has {
			n++
		}
	}
	return n
}

func (c *candidate) plainHosts() bool {
	return len(c.Hosts) > 0 && !slices.ContainsFunc(c.Hosts, func(h string) bool { return strings.Contains(h, "*") })
}

// match returns the first route that the request matches, nil for none. path is
// normalized.
func (s *state) match(r *http.Request, path string) *candidate {
	for i := range s.routes {
		if c := &s.routes[i]; c.matches(r, path) {
			return c
		}
	}
	return nil
}

func (c *candidate) matches(r *http.Request, path string) bool {
	switch {
	case len(c.Methods) > 0 && !slices.Contains(c.Methods, r.Method):
		return false
	case len(c.Hosts) > 0 && !slices.ContainsFunc(c.Hosts, func(h string) bool { return matchesHost(h, r.Host) }):
		return false
	case c.expression != nil:
		return c.expression.MatchString(path) && c.hasHeaders(r.Header)
	}
	return strings.HasPrefix(path, c.path) && c.hasHeaders(r.Header)
}

func matchesHost(pattern, host string) bool {
	host = strings.ToLower(host)
	if !strings.Contains(pattern, ":") {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
	}
	pattern = strings.ToLower(pattern)
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(host, prefix) && len(host) > len(prefix)
	}
	return host == pattern
}

// hasHeaders compares values without regard to case, as Kong does.
func (c *candidate) hasHeaders(h http.Header) bool {
	for name, wanted := range c.headers {
		if !slices.ContainsFunc(h.Values(name), func(v string) bool { return isWanted(wanted, v) }) {
			return false
		}
	}
	return true
}

func isWanted(wanted []want, value string) bool {
	return slices.ContainsFunc(wanted, func(w want) bool {
		if w.expression != nil {
			return w.expression.MatchString(value)
		}
		return strings.EqualFold(w.text, value)
	})
}

// speaks reports whether the route takes the request's protocol.
func (c *candidate) speaks(protocol string) bool {
	return len(c.Protocols) == 0 || slices.Contains(c.Protocols, protocol)
}
