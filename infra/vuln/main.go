// Command vuln runs govulncheck on this module. Where its database cannot be reached it says so loudly and succeeds:
// a machine without the internet has not found a vulnerability.
//
//	go run ./infra/vuln PATH-OF-GOVULNCHECK
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"time"
)

const database = "https://vuln.go.dev"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: vuln PATH-OF-GOVULNCHECK")
		os.Exit(2)
	}
	at := os.Getenv("GOVULNDB")
	if at == "" {
		at = database
	}
	if err := reachable(at); err != nil {
		fmt.Printf("\n*** SKIPPED: vulnerabilities were NOT checked, the database cannot be reached: %v ***\n\n", err)
		return
	}
	os.Exit(check(os.Args[1], at))
}

func reachable(at string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/index/db.json", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", at, response.Status)
	}
	return nil
}

// check is govulncheck's own exit code: 3 when the code calls something vulnerable.
func check(path, at string) int {
	cmd := exec.Command(path, "-db", at, "./...")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "vuln:", err)
		return 1
	}
	return 0
}
