package upstream_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/d-coder-ai/dcoder/shared/upstream"
	"github.com/d-coder-ai/dcoder/shared/upstream/upstreamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClient(t *testing.T) {
	upstreamtest.Run(t, func(t *testing.T, allow ...netip.Prefix) upstreamtest.Doer {
		c := upstream.New(upstream.Options{Allow: allow})
		t.Cleanup(c.Close)
		return c
	})
}

func TestPublicAddresses(t *testing.T) {
	for address, public := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "2606:4700::1111": true, "2a00:1450::1": true, "172.32.0.1": true, "100.128.0.1": true,
		"10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "127.0.0.1": false, "127.9.9.9": false, "0.0.0.0": false, "0.1.2.3": false,
		"169.254.169.254": false, "100.64.0.1": false, "100.100.100.200": false, "192.0.0.192": false, "198.18.0.1": false, "224.0.0.1": false,
		"240.0.0.1": false, "255.255.255.255": false, "::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false,
		"fd00:ec2::254": false, "ff02::1": false, "::ffff:10.0.0.1": false, "::ffff:8.8.8.8": true, "64:ff9b::a00:1": false, "2002:a00:1::": false,
		"2001:0:1::1": false, "::127.0.0.1": false, "fec0::1": false,
	} {
		require.Equal(t, public, upstream.Public(netip.MustParseAddr(address)), address)
	}
}

func TestParseAllow(t *testing.T) {
	got, err := upstream.ParseAllow("127.0.0.0/8, ::1 10.1.2.3/16")
	require.NoError(t, err)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("10.1.0.0/16")}, got)
	got, err = upstream.ParseAllow("")
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = upstream.ParseAllow("everything")
	require.ErrorContains(t, err, "everything")
}
