// Command render writes what is made of the functions' values: Knative
// manifests, the OpenAPI document, the list of routes and the page of all
// variables. It writes the same bytes for the same functions; a test fails when
// a file on disk is another.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	root := flag.String("root", ".", "root of the repository")
	flag.Parse()
	if err := write(*root); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}
