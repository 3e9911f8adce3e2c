package gateway

import (
	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
)

const mcpPath = "/mcp"

// mcp tells calls of tools from the rest by the headers that the protocol's
// transport repeats out of the body, so that no body is parsed: calls cost money
// and have the limit of calls.
func mcp(name string, size int64, e *kubernetes.Environment) []declarative.Route {
	rest := route(name+".rest", []string{Pattern(mcpPath)}, size, true)
	calls := route(name+".tools", []string{Pattern(mcpPath)}, size, true)
	calls.Headers = map[string][]string{"mcp-method": {"tools/call"}}
	calls.Plugins = append(calls.Plugins, rateLimit(e.Gateway.Calls, e))
	return []declarative.Route{rest, calls}
}
