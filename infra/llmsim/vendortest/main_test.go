package vendortest

import (
	"net/http/httptest"
	"testing"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

// sim starts a simulator of the test's own.
func sim(t testing.TB, cfg llmsim.Config) (*llmsim.Server, string) {
	t.Helper()
	s := llmsim.New(cfg)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL
}
