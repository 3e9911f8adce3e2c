// Package serverless renders the functions for OpenFaaS and for AWS Lambda: what
// their tools deploy. The platform's pollers and its gateway run elsewhere there,
// and dispatcher and worker have no place in either.
package serverless

import (
	"strings"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

const (
	// Stack is what faas-cli deploys.
	Stack = "infra/openfaas/stack.yml"
	// Functions is what make lambda packages and Terraform deploys.
	Functions = "infra/lambda/functions.json"

	images  = "ko://github.com/d-coder-ai/dcoder/"
	secrets = "/var/openfaas/secrets/"
)

// OpenFaaS renders the functions as a stack. A plain HTTP server on 8080 needs no
// watchdog; secrets come as files.
func OpenFaaS(all []deployable.Deployable) (manifest.File, error) {
	functions := manifest.Object{}
	for _, d := range deployable.Of(all, deployable.Function) {
		functions[d.Name] = openFaaS(&d)
	}
	return manifest.YAML(Stack, manifest.Object{
		"version": 1.0, "functions": functions,
		"provider": manifest.Object{"name": "openfaas", "gateway": "${OPENFAAS_URL:-http://127.0.0.1:8080}"},
	})
}

func openFaaS(d *deployable.Deployable) manifest.Object {
	environment, names := manifest.Object{"PORT": "8080"}, []string{}
	for _, v := range d.Variables {
		switch {
		case v.Secret && v.Required:
			names = append(names, SecretName(v.Name))
			environment[v.Name+"_FILE"] = secrets + SecretName(v.Name)
		case v.Required:
			environment[v.Name] = "${" + v.Name + ":-" + v.Example + "}"
		}
	}
	return manifest.Object{
		"image": images + d.Package, "skip_build": true, "readonly_root_filesystem": true,
		"environment": environment, "secrets": names,
		"requests":    manifest.Object{"cpu": d.Scale.CPU, "memory": d.Scale.Memory},
		"limits":      manifest.Object{"memory": d.Scale.Memory},
		"labels":      scale(d),
		"annotations": probes,
	}
}

// SecretName is a variable's as a name of Kubernetes.
func SecretName(variable string) string {
	return strings.ReplaceAll(strings.ToLower(variable), "_", "-")
}

// probes name the paths that every function answers.
var probes = manifest.Object{
	"com.openfaas.health.http.path": "/health/live", "com.openfaas.health.http.initialDelay": "1s",
	"com.openfaas.ready.http.path": "/health/ready", "com.openfaas.ready.http.initialDelay": "1s",
}
