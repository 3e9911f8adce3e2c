package serverless_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/functions/catalog"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/serverless"
)

func deployables(t *testing.T) []deployable.Deployable {
	t.Helper()
	all, err := deployable.List(catalog.All(), settings.All())
	require.NoError(t, err)
	return all
}

type stack struct {
	Functions map[string]struct {
		Image                string
		SkipBuild            bool `json:"skip_build"`
		ReadOnly             bool `json:"readonly_root_filesystem"`
		Environment          map[string]string
		Secrets              []string
		Labels, Annotations  map[string]string
		Lang, Handler, Build any
	}
}

// TestTheStackHasEveryFunction with its secrets as files, its probes and a port,
// and no secret's value.
func TestTheStackHasEveryFunction(t *testing.T) {
	file, err := serverless.OpenFaaS(deployables(t))
	require.NoError(t, err)
	var s stack
	require.NoError(t, yaml.Unmarshal(file.Data, &s))
	require.Len(t, s.Functions, len(catalog.All()))
	require.LessOrEqual(t, len(s.Functions), 15, "the Community Edition allows no more")
	for _, f := range catalog.All() {
		got := s.Functions[f.Name]
		require.Equal(t, "ko://github.com/d-coder-ai/dcoder/functions/cmd/"+f.Name, got.Image)
		require.True(t, got.SkipBuild && got.ReadOnly)
		require.Equal(t, "8080", got.Environment["PORT"])
		require.Equal(t, "/health/live", got.Annotations["com.openfaas.health.http.path"])
		require.Equal(t, "/health/ready", got.Annotations["com.openfaas.ready.http.path"])
		for _, secret := range got.Secrets {
			name := strings.ToUpper(strings.ReplaceAll(secret, "-", "_")) + "_FILE"
			require.Equal(t, "/var/openfaas/secrets/"+secret, got.Environment[name], "%s: %s", f.Name, secret)
		}
		require.Contains(t, got.Secrets, "dcoder-control-dsn")
	}
	require.NotContains(t, s.Functions["usage"].Labels["com.openfaas.scale.zero"], "false")
}

// TestTheLambdaListIsWhatTheFunctionsSay.
func TestTheLambdaListIsWhatTheFunctionsSay(t *testing.T) {
	file, err := serverless.Lambdas(deployables(t))
	require.NoError(t, err)
	var list struct{ Functions []serverless.Lambda }
	require.NoError(t, json.Unmarshal(file.Data, &list))
	require.Len(t, list.Functions, len(catalog.All()))
	for i, f := range catalog.All() {
		got := list.Functions[i]
		require.Equal(t, f.Name, got.Name)
		require.Len(t, got.Routes, len(f.Routes))
		require.Len(t, got.Events, len(f.Events))
		require.GreaterOrEqual(t, got.Memory, 128)
		require.Zero(t, got.Memory%64)
		require.LessOrEqual(t, got.Timeout, 900, "Lambda's longest")
		require.NotContains(t, got.Environment, "PORT")
		require.Equal(t, f.Name == "chat", got.Streams, f.Name)
	}
}

// TestMemoryBuysProcessor: 500 thousandths of one are 885 MB.
func TestMemoryBuysProcessor(t *testing.T) {
	all := deployables(t)
	for cpu, want := range map[string]int{"500m": 896, "50m": 128, "1000m": 1792} {
		all[0].Scale.CPU, all[0].Scale.Memory = cpu, "64Mi"
		file, err := serverless.Lambdas(all[:1])
		require.NoError(t, err)
		var list struct{ Functions []serverless.Lambda }
		require.NoError(t, json.Unmarshal(file.Data, &list))
		require.Equal(t, want, list.Functions[0].Memory, cpu)
	}
	all[0].Scale.CPU = "1"
	all[0].Scale.Memory = "1Gi"
	_, err := serverless.Lambdas(all[:1])
	require.ErrorContains(t, err, `"1Gi"`)
}
