// Command render writes what is made of the functions' values: manifests for
// every platform, the gateway's configuration, the OpenAPI document, the list of
// routes and the page of all variables. It writes the same bytes for the same
// functions; a test fails when a file on disk is another.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/d-coder-ai/dcoder/infra/render"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
)

func main() {
	root := flag.String("root", ".", "root of the repository")
	var silo kubernetes.Silo
	flag.StringVar(&silo.Tenant, "tenant", "", "id of a tenant that gets a namespace of its own")
	flag.StringVar(&silo.Host, "host", "", "the host name by which that tenant is reached")
	flag.StringVar(&silo.Environment, "environment", "prod", "where that tenant lives")
	flag.Parse()
	if err := run(*root, silo); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func run(root string, silo kubernetes.Silo) error {
	if silo.Tenant != "" {
		if err := render.AddSilo(root, silo); err != nil {
			return err
		}
	}
	return render.Write(root)
}
