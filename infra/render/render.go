// Package render makes every file that comes of the functions' values: the pages
// of documentation, and what each platform is told. It returns bytes; writing
// them, and telling which files nothing renders any more, is Write's business.
package render

import (
	"fmt"
	"slices"

	"github.com/d-coder-ai/dcoder/functions/catalog"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
	"github.com/d-coder-ai/dcoder/infra/render/serverless"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// Files renders everything for the environments and silo tenants that root
// names, in a fixed order.
func Files(root string) ([]manifest.File, error) {
	out, err := pages()
	if err != nil {
		return nil, err
	}
	all, err := deployable.List(catalog.All(), settings.All())
	if err != nil {
		return nil, err
	}
	environments, err := kubernetes.ReadEnvironments(root)
	if err != nil {
		return nil, err
	}
	silos, err := kubernetes.ReadSilos(root)
	if err != nil {
		return nil, err
	}
	for _, part := range []func() ([]manifest.File, error){
		func() ([]manifest.File, error) { return kubernetes.Base(all) },
		func() ([]manifest.File, error) { return overlays(environments, silos, all) },
		func() ([]manifest.File, error) { return tenants(silos, environments, all) },
		func() ([]manifest.File, error) { return functions(all) },
	} {
		files, err := part()
		if err != nil {
			return nil, err
		}
		out = append(out, files...)
	}
	return out, nil
}

// pages are the documents for readers.
func pages() ([]manifest.File, error) {
	funcs := catalog.All()
	document, err := function.OpenAPI(funcs...)
	if err != nil {
		return nil, err
	}
	return []manifest.File{
		{Path: "docs/configuration.md", Data: config.Doc(settings.All()...)},
		{Path: "docs/routes.md", Data: routes(funcs)},
		{Path: "docs/openapi.json", Data: append(document, '\n')},
	}, nil
}

// overlays are the environments, each with its gateway's configuration.
func overlays(environments []kubernetes.Environment, silos []kubernetes.Silo, all []deployable.Deployable) (out []manifest.File, err error) {
	for i := range environments {
		gateway, err := kong(&environments[i], silos)
		if err != nil {
			return nil, err
		}
		files, err := kubernetes.Overlay(&environments[i], all, gateway.Data)
		if err != nil {
			return nil, err
		}
		out = append(append(out, gateway), files...)
	}
	return out, nil
}

func tenants(silos []kubernetes.Silo, environments []kubernetes.Environment, all []deployable.Deployable) (out []manifest.File, err error) {
	for i := range silos {
		s := &silos[i]
		at := slices.IndexFunc(environments, func(e kubernetes.Environment) bool { return e.Name == s.Environment })
		if at < 0 {
			return nil, fmt.Errorf("silo tenant %s: there is no environment %q", s.Tenant, s.Environment)
		}
		files, err := s.Namespaced(&environments[at], all)
		if err != nil {
			return nil, err
		}
		out = append(out, files...)
	}
	return out, nil
}

func functions(all []deployable.Deployable) ([]manifest.File, error) {
	stack, err := serverless.OpenFaaS(all)
	if err != nil {
		return nil, err
	}
	list, err := serverless.Lambdas(all)
	return []manifest.File{stack, list}, err
}
