// Package loopback is a container registry on this machine alone, for those who have
// none at hand. Its blobs stay in a folder; its list of tags is written again by
// every build. It knows no users and listens where it is told.
package loopback

import (
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Registry is a running registry.
type Registry struct {
	Address string // host:port
	server  *http.Server
}

// Start serves the blobs of a folder at an address; port 0 takes a free one.
func Start(address, folder string) (*Registry, error) {
	blobs := filepath.Join(folder, "blobs")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	handler := registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)), registry.Logger(log.New(io.Discard, "", 0)))
	r := &Registry{listener.Addr().String(), &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}}
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

// Close ends it.
func (r *Registry) Close() { _ = r.server.Close() }
