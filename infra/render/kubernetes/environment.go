package kubernetes

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// Environments is the folder of the files that say what differs between
// environments; they are written by hand, or from the outputs of Terraform.
const Environments = "infra/environments"

// Environment is one of those files.
type Environment struct {
	Name    string                      `json:"name"`
	Config  map[string]string           `json:"config"`  // variables that are no secret
	Peers   map[deployable.Peer]Address `json:"peers"`   // where each may be called
	Secrets *Store                      `json:"secrets"` // of External Secrets; none: they are made by hand
	Keda    *Keda                       `json:"keda"`    // none: pollers have one pod each
	Minimum map[string]int              `json:"minimum"` // pods that are kept when idle, beyond what a function says
	Gateway Gateway                     `json:"gateway"`
}

// Address is where a peer lives: namespaces of the cluster, or addresses outside.
type Address struct {
	Namespaces []string `json:"namespaces"`
	Addresses  []string `json:"addresses"` // CIDR blocks
	Except     []string `json:"except"`    // of them
	Ports      []int    `json:"ports"`
}

// Store is where External Secrets finds secrets.
type Store struct {
	Name     string   `json:"name"`     // of a ClusterSecretStore
	Prefix   string   `json:"prefix"`   // before the variable's name
	Optional []string `json:"optional"` // variables that a process can do without and the store has
}

// Keda is what its scalers ask.
type Keda struct {
	NATSMonitor string `json:"natsMonitor"` // host and port of the monitoring endpoint
	Most        int    `json:"most"`        // pods of a poller
}

// Gateway is what of Kong's configuration differs.
type Gateway struct {
	Host      string `json:"host"`      // that clients call; empty: any
	TLS       bool   `json:"tls"`       // plain HTTP is refused
	Collector string `json:"collector"` // base of OTLP over HTTP
	Redis     Redis  `json:"redis"`     // of the coarse limits
	Calls     int    `json:"calls"`     // of models a minute, for each tenant or address
	Others    int    `json:"others"`    // requests a minute to each other function
}

// Redis is the server of the coarse limits. Its password comes from Kong's own
// environment.
type Redis struct {
	Host string `json:"host"`
	Port int    `json:"port"`
	TLS  bool   `json:"tls"`
	Auth bool   `json:"auth"`
}

// ReadEnvironments reads all of them, by name.
func ReadEnvironments(root string) (out []Environment, err error) {
	files, err := filepath.Glob(filepath.Join(root, Environments, "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read an environment: %w", err)
		}
		e, err := ParseEnvironment(raw)
		if err == nil && e.Name+".yaml" != filepath.Base(path) {
			err = fmt.Errorf("name %q is not the file's", e.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("environment %s: %w", filepath.Base(path), err)
		}
		out = append(out, e)
	}
	return out, nil
}

// ParseEnvironment reads one. A field or a peer that is not known is an error: a
// wall with a gap that nobody meant is worse than none.
func ParseEnvironment(raw []byte) (e Environment, err error) {
	if err := yaml.UnmarshalStrict(raw, &e); err != nil {
		return e, err
	}
	known := map[deployable.Peer]bool{}
	var faults []error
	for _, p := range deployable.Peers() {
		known[p] = true
		if err := e.Peers[p].check(); err != nil {
			faults = append(faults, fmt.Errorf("peers.%s: %w", p, err))
		}
	}
	for p := range e.Peers {
		if !known[p] {
			faults = append(faults, fmt.Errorf("peers.%s: nobody calls it", p))
		}
	}
	for name := range e.Config {
		if strings.ToUpper(name) != name {
			faults = append(faults, fmt.Errorf("config.%s: not the name of a variable", name))
		}
	}
	return e, errors.Join(faults...)
}

func (a Address) check() error {
	if len(a.Ports) == 0 || len(a.Namespaces)+len(a.Addresses) == 0 {
		return errors.New("an address needs ports, and namespaces or addresses")
	}
	for _, block := range append(append([]string{}, a.Addresses...), a.Except...) {
		if p, err := netip.ParsePrefix(block); err != nil || p != p.Masked() {
			return fmt.Errorf("%q is no CIDR block", block)
		}
	}
	return nil
}

// rules of a NetworkPolicy that let it be called.
func (a Address) rules() manifest.List {
	var to manifest.List
	for _, name := range a.Namespaces {
		to = append(to, inNamespace(name))
	}
	for _, block := range a.Addresses {
		ip := manifest.Object{"cidr": block}
		if inside := a.exceptIn(block); len(inside) > 0 {
			ip["except"] = inside
		}
		to = append(to, manifest.Object{"ipBlock": ip})
	}
	return manifest.List{manifest.Object{"to": to, "ports": ports(a.Ports)}}
}

// exceptIn keeps the exceptions that lie in the block: others are refused.
func (a Address) exceptIn(block string) (out []string) {
	whole := netip.MustParsePrefix(block)
	for _, e := range a.Except {
		if p := netip.MustParsePrefix(e); whole.Bits() < p.Bits() && whole.Contains(p.Addr()) {
			out = append(out, e)
		}
	}
	return out
}
