package render

import (
	"github.com/d-coder-ai/dcoder/functions/catalog"
	"github.com/d-coder-ai/dcoder/infra/render/gateway"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// kong renders the gateway's configuration in an environment. That of dev has the
// plain name: make dev and the tests run it too.
func kong(e *kubernetes.Environment, silos []kubernetes.Silo) (manifest.File, error) {
	path := "infra/kong/kong." + e.Name + ".yml"
	if e.Name == "dev" {
		path = "infra/kong/kong.yml"
	}
	return manifest.YAML(path, gateway.Config(catalog.All(), e, silos))
}
