package declarative_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
)

const good = `
_format_version: "3.0"
services:
- name: chat
  url: http://chat:80
  retries: 0
  routes:
  - {name: calls, paths: ["~/v1/chat/[^/]+$"], response_buffering: false}
routes:
- name: rest
  paths: [/]
  plugins: [{name: request-termination, config: {status_code: 404}}]
consumers: [{username: abc}]
plugins: [{name: correlation-id}]
`

func TestLoad(t *testing.T) {
	c, err := declarative.Load([]byte(good))
	require.NoError(t, err)
	require.Equal(t, "http://chat:80", c.Services[0].URL)
	require.Equal(t, 0, *c.Services[0].Retries)
	require.False(t, *c.Services[0].Routes[0].ResponseBuffering)
	require.JSONEq(t, `{"status_code":404}`, string(c.Routes[0].Plugins[0].Config))
}

func TestFaultsAreNamed(t *testing.T) {
	for text, raw := range map[string]string{
		"_format_version":         `{_format_version: "2.1"}`,
		`unknown field "upstrea`:  `{_format_version: "3.0", upstreams: []}`,
		"is no address":           `{_format_version: "3.0", services: [{name: a, url: "chat:80"}]}`,
		"service a: twice":        `{_format_version: "3.0", services: [{name: a, url: "http://a"}, {name: a, url: "http://b"}]}`,
		"matches by nothing":      `{_format_version: "3.0", routes: [{name: a}]}`,
		"route a: twice":          `{_format_version: "3.0", services: [{name: s, url: "http://a", routes: [{name: a, paths: [/a]}]}], routes: [{name: a, paths: [/]}]}`,
		"begins neither":          `{_format_version: "3.0", routes: [{name: a, paths: [v1]}]}`,
		"missing closing":         `{_format_version: "3.0", routes: [{name: a, paths: ["~/(a"]}]}`,
		`"get" is none`:           `{_format_version: "3.0", routes: [{name: a, methods: [get]}]}`,
		"neither http nor https":  `{_format_version: "3.0", routes: [{name: a, paths: [/], protocols: [grpc]}]}`,
		"needs values":            `{_format_version: "3.0", routes: [{name: a, headers: {mcp-method: []}}]}`,
		"read_timeout":            `{_format_version: "3.0", services: [{name: a, url: "http://a", read_timeout: 0}]}`,
		"consumer abc: twice":     `{_format_version: "3.0", consumers: [{username: abc}, {username: abc}]}`,
		"plugin cors: twice":      `{_format_version: "3.0", plugins: [{name: cors}, {name: cors}]}`,
		`unknown field "snis"`:    `{_format_version: "3.0", routes: [{name: a, snis: [x]}]}`,
		"already set in map":      "_format_version: \"3.0\"\n_format_version: \"3.0\"\n",
		"cannot unmarshal string": `{_format_version: "3.0", services: x}`,
	} {
		_, err := declarative.Load([]byte(raw))
		require.ErrorContains(t, err, text, raw)
	}
}

// FuzzLoad: whatever is read is refused or can be written and read again.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{_format_version: "3.0", routes: [{name: a, paths: ["~/(?P<x>.)*"]}]}`))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := declarative.Load(raw)
		if err != nil {
			return
		}
		again, err := yaml.Marshal(c)
		require.NoError(t, err)
		_, err = declarative.Load(again)
		require.NoError(t, err)
	})
}
