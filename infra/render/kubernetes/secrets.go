package kubernetes

import (
	"slices"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// externalSecrets gives each deployable a Secret of what it reads. Where no store
// is named, Secrets of the same names are made by hand.
func externalSecrets(e *Environment, all []deployable.Deployable) (out []any) {
	if e.Secrets == nil {
		return nil
	}
	for i := range all {
		if names := e.Secrets.wanted(&all[i]); len(names) > 0 {
			out = append(out, externalSecret(all[i].Name, e.Secrets, names, func(string) string { return e.Secrets.Prefix }))
		}
	}
	return out
}

// wanted is what the process cannot do without, and what the store has besides.
func (s *Store) wanted(d *deployable.Deployable) []string {
	names, optional := secrets(d)
	for _, name := range optional {
		if slices.Contains(s.Optional, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func externalSecret(name string, s *Store, variables []string, prefix func(variable string) string) manifest.Object {
	var data manifest.List
	for _, v := range variables {
		data = append(data, manifest.Object{"secretKey": v, "remoteRef": manifest.Object{"key": prefix(v) + v}})
	}
	return object("external-secrets.io/v1", "ExternalSecret", SecretName(name), manifest.Object{
		"refreshInterval": "1h",
		"secretStoreRef":  manifest.Object{"kind": "ClusterSecretStore", "name": s.Name},
		"target":          manifest.Object{"name": SecretName(name), "creationPolicy": "Owner"},
		"data":            data,
	})
}
