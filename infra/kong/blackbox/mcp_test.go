package blackbox

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/infra/render/gateway"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// mcpService is how a function with the route of MCP is rendered.
func mcpService(t *testing.T) *declarative.Service {
	environments, err := kubernetes.ReadEnvironments("../../..")
	require.NoError(t, err)
	f := function.New("mcp", function.Handle("POST /mcp", func(http.ResponseWriter, *http.Request) error { return nil },
		function.Allow(dcoder.ModelsUse)))
	return &gateway.Config([]function.Func{f}, &environments[0], nil).Services[0]
}
