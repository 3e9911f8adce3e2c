package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Secret is a value that is never printed: not by fmt, slog or JSON. Reveal
// says where it is used.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (s Secret) String() string { return hidden }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return hidden }

// MarshalText implements encoding.TextMarshaler.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

const hidden = "[secret]"

// Secrets is a list of secrets, the current one first.
type Secrets []Secret

// Reveal returns the secrets themselves.
func (s Secrets) Reveal() []string {
	out := make([]string, len(s))
	for i := range s {
		out[i] = string(s[i])
	}
	return out
}

// Bytes is a size; it is written as a number with B, KiB, MiB or GiB behind it.
type Bytes int64

// kind is how one type is read.
type kind struct {
	name   string
	secret bool
	parse  func(string) (any, error)
}

var kinds = map[reflect.Type]kind{
	reflect.TypeFor[string]():         {"string", false, func(s string) (any, error) { return s, nil }},
	reflect.TypeFor[Secret]():         {"secret", true, func(s string) (any, error) { return Secret(s), nil }},
	reflect.TypeFor[Secrets]():        {"comma-separated list of secrets", true, parseSecrets},
	reflect.TypeFor[[]string]():       {"comma-separated list", false, func(s string) (any, error) { return split(s), nil }},
	reflect.TypeFor[int]():            {"whole number", false, func(s string) (any, error) { return strconv.Atoi(s) }},
	reflect.TypeFor[bool]():           {"true or false", false, func(s string) (any, error) { return strconv.ParseBool(s) }},
	reflect.TypeFor[time.Duration]():  {"duration", false, parseDuration},
	reflect.TypeFor[Bytes]():          {"size", false, parseBytes},
	reflect.TypeFor[[]netip.Prefix](): {"comma-separated list of CIDR blocks", false, parsePrefixes},
	reflect.TypeFor[*url.URL]():       {"URL", false, parseURL},
}

var errForm = errors.New("not of its form")

func split(s string) (out []string) {
	for _, part := range strings.Split(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func parseSecrets(s string) (any, error) {
	var out Secrets
	for _, part := range split(s) {
		out = append(out, Secret(part))
	}
	return out, nil
}

func parseDuration(s string) (any, error) {
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = errForm
	}
	return d, err
}

func parseBytes(s string) (any, error) {
	factor := int64(1)
	for suffix, f := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			s, factor = rest, f
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(s, "B")), 10, 64)
	if err == nil && (n < 0 || n > (1<<62)/factor) {
		err = errForm
	}
	return Bytes(n * factor), err
}

func parsePrefixes(s string) (any, error) {
	var out []netip.Prefix
	for _, part := range split(s) {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, err
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func parseURL(s string) (any, error) {
	u, err := url.Parse(s)
	if err == nil && (u.Scheme == "" || u.Host == "") {
		err = errForm
	}
	return u, err
}
