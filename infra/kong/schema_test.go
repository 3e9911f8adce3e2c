package kong

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// without are plugins of Kong for which there is no schema among the data; the
// double's own strict reading checks them.
var without = map[string]bool{"pre-function": true}

// TestKongsOwnSchemas holds every rendered file against the schema of the
// declarative configuration and of each plugin's configuration, typing errors
// included. They lie in kong-schemas of DCODER_DATA.
func TestKongsOwnSchemas(t *testing.T) {
	data := filepath.Join(cmp.Or(os.Getenv("DCODER_DATA"), filepath.Join("..", "..", "..", "shared", "data")), "kong-schemas")
	if _, err := os.Stat(filepath.Join(data, "declarative.json")); err != nil {
		t.Skipf("SKIPPED: the gateway's configuration was NOT held against Kong's schemas: none in %s; set DCODER_DATA", data)
	}
	files, err := filepath.Glob("kong*.yml")
	require.NoError(t, err)
	require.Len(t, files, 3)
	structure, plugin := compile(t, filepath.Join(data, "declarative.json")), map[string]*jsonschema.Schema{}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		document := decode(t, raw)
		require.NoError(t, structure.Validate(document), path)
		checked := 0
		eachPlugin(document, func(p map[string]any) {
			name := p["name"].(string)
			if without[name] {
				return
			}
			if plugin[name] == nil {
				plugin[name] = compile(t, filepath.Join(data, "plugins", pascal(name)+".json"))
			}
			require.NoError(t, plugin[name].Validate(map[string]any{"config": p["config"]}), "%s: %s", path, name)
			checked++
		})
		require.Greater(t, checked, 20, path)
	}
	broken := map[string]any{"config": map[string]any{"minuet": 1}}
	require.Error(t, plugin["rate-limiting"].Validate(broken), "a typing error is found")
}

func decode(t *testing.T, raw []byte) any {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(raw)
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
	require.NoError(t, err)
	return document
}

func compile(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var document any
	require.NoError(t, json.Unmarshal(raw, &document))
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	require.NoError(t, c.AddResource("file:///"+filepath.Base(path), closed(document)))
	s, err := c.Compile("file:///" + filepath.Base(path))
	require.NoError(t, err)
	return s
}

// closed forbids properties that a schema does not name, where it says nothing of
// others, and drops the empty lists that draft 4 forbids.
func closed(node any) any {
	switch n := node.(type) {
	case []any:
		for i := range n {
			n[i] = closed(n[i])
		}
	case map[string]any:
		for k, v := range n {
			n[k] = closed(v)
		}
		if required, ok := n["required"].([]any); ok && len(required) == 0 {
			delete(n, "required")
		}
		_, isObject := n["properties"].(map[string]any)
		_, said := n["additionalProperties"]
		_, patterns := n["patternProperties"]
		if isObject && n["type"] == "object" && !said && !patterns {
			n["additionalProperties"] = false
		}
	}
	return node
}

func eachPlugin(node any, visit func(map[string]any)) {
	switch n := node.(type) {
	case []any:
		for _, v := range n {
			eachPlugin(v, visit)
		}
	case map[string]any:
		for k, v := range n {
			if list, ok := v.([]any); ok && k == "plugins" {
				for _, p := range list {
					visit(p.(map[string]any))
				}
				continue
			}
			eachPlugin(v, visit)
		}
	}
}

// pascal is a plugin's name as its schema's file has it.
func pascal(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
