package stack

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/d-coder-ai/dcoder/infra/local/secrets"
)

// Status writes a table of the services; it reports whether all are healthy.
func (s *Site) Status(ctx context.Context, to io.Writer) (bool, error) {
	var err error
	if s.Secrets, err = secrets.Load(s.path("secrets.json")); err != nil {
		return false, err
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SERVICE\tSTATE\tPID\tADDRESS\tLOG")
	all := true
	for _, service := range Services() {
		state, pid := s.state(ctx, service)
		all = all && state == "healthy"
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", service.Name(), state, pid, s.address(service.Doors()[0]), s.daemon(service).Log)
	}
	return all, table.Flush()
}

func (s *Site) state(ctx context.Context, service Service) (state, pid string) {
	id, pid := s.daemon(service).PID(), "-"
	if id != 0 {
		pid = strconv.Itoa(id)
	}
	err := s.probe(ctx, service)
	switch {
	case err == nil && (id != 0 || Docker()):
		return "healthy", pid
	case id == 0:
		return "stopped", pid
	default:
		return "not healthy: " + err.Error(), pid
	}
}
