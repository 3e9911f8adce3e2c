// Package stack is the local stack: which servers it has, how each is installed, started and checked, and what is
// done with all of them. It is for development and tests on one machine; production's shape is in terraform/ and knative/.
package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/infra/local/pin"
	"github.com/d-coder-ai/dcoder/infra/local/port"
	"github.com/d-coder-ai/dcoder/infra/local/secrets"
)

// Site is where one stack lives: a folder with everything it has downloaded, made and remembered.
type Site struct {
	Root    string // the repository
	Dir     string // .local, or DCODER_LOCAL
	Ports   map[string]int
	Secrets secrets.Set
	Say     func(service, line string)

	base  string   // where the shared parts are: Dir, see openBase
	guard *os.File // the lock, while we hold it
}

// Open makes the folder and reads what it remembers.
func Open(root, dir string) (*Site, error) {
	site := &Site{Root: root, Dir: dir, Ports: map[string]int{}}
	for _, folder := range []string{"", "bin", "log"} {
		if err := os.MkdirAll(site.path(folder), 0o755); err != nil {
			return nil, err
		}
	}
	var err error
	if site.base, err = openBase(dir); err != nil {
		return nil, err
	}
	if err := site.link(); err != nil {
		return nil, err
	}
	began := time.Now()
	site.Say = func(service, line string) {
		fmt.Printf("%6.1fs  %-9s %s\n", time.Since(began).Seconds(), service, line)
	}
	return site, site.recall()
}

// recall reads the remembered ports.
func (s *Site) recall() error {
	text, err := os.ReadFile(s.path("ports.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s.Ports)
	}
	if err != nil {
		return fmt.Errorf("reading the remembered ports: %w", err)
	}
	return nil
}

func (s *Site) path(parts ...string) string {
	base := s.Dir
	if shared[parts[0]] {
		base = s.base
	}
	return filepath.Join(append([]string{base}, parts...)...)
}

// EnvFile is the file that everything reads to find the stack.
func (s *Site) EnvFile() string { return s.path("env") }

// choosePorts gives a port to each door of a service that does not run, and remembers it.
func (s *Site) choosePorts(doors []string) error {
	taken := map[int]bool{}
	for door, number := range s.Ports {
		taken[number] = !slices.Contains(doors, door)
	}
	for _, door := range doors {
		first := pin.FirstPort[door]
		chosen, err := port.Choose(port.Free, taken, s.Ports[door], first)
		if err != nil {
			return fmt.Errorf("choosing a port for %s: %w", door, err)
		}
		if chosen != first && chosen != s.Ports[door] {
			s.Say(door, fmt.Sprintf("port %d is taken, using %d", first, chosen))
		}
		s.Ports[door], taken[chosen] = chosen, true
	}
	return s.rememberPorts()
}

func (s *Site) rememberPorts() error {
	text, err := json.MarshalIndent(s.Ports, "", "  ")
	if err != nil {
		return err
	}
	file := s.path("ports.json")
	if err := os.WriteFile(file+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
