package upstream

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// special lists networks that are not the public internet (IANA's special
// purpose registries for IPv4 and IPv6) and that net/netip's predicates do not
// name. What carries an IPv4 address inside is refused as a whole.
var special = prefixes(
	"0.0.0.0/8",       // this network
	"100.64.0.0/10",   // carrier-grade NAT
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"240.0.0.0/4",     // reserved, broadcast
	"::/96",           // IPv4-compatible
	"::ffff:0:0:0/96", // IPv4-translated
	"64:ff9b::/96",    // NAT64
	"64:ff9b:1::/48",  // local NAT64
	"100::/64",        // discard
	"2001::/23",       // Teredo, ORCHID and other assignments
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4
	"3fff::/20",       // documentation
	"5f00::/16",       // segment routing
	"fec0::/10",       // site-local
)

func prefixes(all ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(all))
	for i, s := range all {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Public reports whether an address is one of the public internet. Cloud
// metadata services stand on link-local and unique-local addresses.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// ParseAllow reads a list of networks: "127.0.0.0/8, ::1/128", or single
// addresses.
func ParseAllow(list string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("egress: %q is neither a network nor an address", s)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// guard refuses to connect to an address that is neither public nor allowed. It
// runs behind the name's resolution, on the very address that is dialled, so a
// name that changes its mind between check and use gains nothing.
func guard(allow []netip.Prefix) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return refused(address)
		}
		a := ap.Addr().Unmap().WithZone("")
		if Public(a) || slices.ContainsFunc(allow, func(p netip.Prefix) bool { return p.Contains(a) }) {
			return nil
		}
		return refused(address)
	}
}

// refused does not name the address to the client: what a name resolves to
// inside is nobody's business.
func refused(address string) error {
	return &dcoder.Error{
		Status: 502, Code: "egress_refused", NoRetry: true,
		Message: "the provider's address is not public and not allowed (DCODER_EGRESS_ALLOW)",
		Cause:   fmt.Errorf("dial %s", address),
	}
}
