package stacktest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// NATSServer is a NATS server with JetStream of one test: Stop, Kill, Start, Restart, Freeze and Thaw do what they
// say, Addr and URL stay.
type NATSServer struct{ server }

// OwnNATS starts a NATS server for this test alone.
func OwnNATS(t testing.TB) *NATSServer {
	t.Helper()
	path, home, port := program(t, "bin/nats-server"), t.TempDir(), freePort(t)
	conf := filepath.Join(home, "nats.conf")
	text := fmt.Sprintf("listen: \"127.0.0.1:%d\"\njetstream { store_dir: %q, max_memory_store: 64MB, max_file_store: 1GB }\n", port, home)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatalf("writing the configuration of NATS: %v", err)
	}
	nats := &NATSServer{server{
		t: t, name: "nats", port: port, stop: terminate,
		command: func() *exec.Cmd { return exec.Command(path, "-c", conf) },
		healthy: func(address string) error { return greets(address, "", "INFO ") },
	}}
	nats.begin()
	return nats
}

// URL is the server's address as nats.go reads it.
func (n *NATSServer) URL() string { return "nats://" + n.Addr() }
