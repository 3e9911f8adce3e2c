package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type everything struct {
	Process
	Control
	Events
	Egress
	Nested struct {
		Flag bool `env:"FLAG" doc:"a flag"`
	}
	Words []string `env:"WORDS"`
}

func from(values map[string]string) lookup {
	return func(name string) (string, bool) { v, ok := values[name]; return v, ok }
}

func noFile(string) ([]byte, error) { return nil, errors.New("no such file") }

func TestLoad(t *testing.T) {
	var c everything
	file := func(path string) ([]byte, error) { return []byte("postgres://from" + path + "\n"), nil }
	err := load(from(map[string]string{
		"PORT": "0", "DCODER_CONTROL_DSN_FILE": "/run/dsn", "DCODER_EVENT_SECRETS": "new, old", "FLAG": "true",
		"DCODER_EGRESS_ALLOW": "127.0.0.1/8,::1/128", "DCODER_MAX_IN_FLIGHT_BYTES": "12 MiB", "WORDS": "a,,b",
	}), file, []any{&c})
	require.NoError(t, err)
	require.Equal(t, everything{
		Process: Process{
			LogLevel: "info", LogFormat: "json", DrainGrace: 20 * time.Second, MaxInFlight: 1024, MaxInFlightBytes: 12 << 20,
		},
		Control: Control{"postgres://from/run/dsn"}, Events: Events{Secrets{"new", "old"}},
		Egress: Egress{[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}},
		Nested: struct {
			Flag bool `env:"FLAG" doc:"a flag"`
		}{true}, Words: []string{"a", "b"},
	}, c)
	require.Equal(t, []string{"new", "old"}, c.EventSecrets.Reveal())
}

func TestLoadNamesAllFaultsInOneErrorAndShowsNoValue(t *testing.T) {
	var c everything
	err := load(from(map[string]string{
		"PORT": "x-y-z", "DCODER_DRAIN_GRACE": "-1s", "DCODER_EVENT_SECRETS": "s", "DCODER_EVENT_SECRETS_FILE": "/f",
		"DCODER_EGRESS_ALLOW": "x-y-z", "DCODER_MAX_IN_FLIGHT_BYTES": "9999999999 GiB", "WORDS_FILE": "/none",
	}), noFile, []any{&c})
	require.Error(t, err)
	for _, want := range []string{
		"PORT: not a whole number", "DCODER_DRAIN_GRACE: not a duration", "DCODER_CONTROL_DSN: missing: control database",
		"DCODER_EVENT_SECRETS: set together with DCODER_EVENT_SECRETS_FILE", "DCODER_EGRESS_ALLOW: not a comma-separated list of CIDR",
		"DCODER_MAX_IN_FLIGHT_BYTES: not a size", "WORDS: read WORDS_FILE",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "x-y-z")
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	c := struct {
		Control
		Events
	}{Control{"x-y-z"}, Events{Secrets{"x-y-z"}}}
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c.ControlDSN, c.ControlDSN, c.ControlDSN)+string(raw), "x-y-z")
	require.Equal(t, "x-y-z", c.ControlDSN.Reveal())
}

func TestVariablesPanicsOnAFieldThatNoParserKnows(t *testing.T) {
	require.Panics(t, func() {
		Variables(struct {
			C complex128 `env:"C"`
		}{})
	})
}

func TestDoc(t *testing.T) {
	page := string(Doc(Deployable{"chat", everything{}}, Deployable{"usage", struct {
		Process
		Control
	}{}}))
	require.Contains(t, page, "| `PORT` | whole number | `8080` | all | port to listen on")
	require.Contains(t, page, "| `DCODER_CONTROL_DSN` | secret | required | all | control database")
	require.Contains(t, page, "| `FLAG` | true or false |  | chat | a flag |")
}
