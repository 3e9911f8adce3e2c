package render

import (
	"github.com/d-coder-ai/dcoder/functions/catalog"
	"github.com/d-coder-ai/dcoder/infra/render/gateway"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// kong renders a configuration for each environment. That of dev has the plain
// name: make dev and the tests run it too.
func kong(environments []kubernetes.Environment, silos []kubernetes.Silo) (out []manifest.File, err error) {
	for i := range environments {
		e := &environments[i]
		path := "infra/kong/kong." + e.Name + ".yml"
		if e.Name == "dev" {
			path = "infra/kong/kong.yml"
		}
		file, err := manifest.YAML(path, gateway.Config(catalog.All(), e, silos))
		if err != nil {
			return nil, err
		}
		out = append(out, file)
	}
	return out, nil
}
