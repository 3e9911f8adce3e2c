package kubernetes_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
)

const module = "github.com/d-coder-ai/dcoder/"

// clients says which linked module or package is the client of a peer. A
// deployable that links one may call that peer, and no other may.
var clients = map[string]deployable.Peer{
	"github.com/jackc/pgx/v5":                deployable.Postgres,
	"github.com/redis/go-redis/v9":           deployable.Redis,
	"github.com/nats-io/nats.go":             deployable.NATS,
	"go.temporal.io/sdk":                     deployable.Temporal,
	module + "shared/telemetry/otlp":         deployable.Collector,
	module + "shared/upstream":               deployable.Providers,
	module + "functions/cmd/wiring/delivery": deployable.Functions,
	module + "shared/kong":                   deployable.KongAdmin,
}

// silent are the packages of floor 3 that call nobody by themselves: who uses them
// hands them a client, a listener or a file.
var silent = []string{"shared/function/serve", "shared/function/lambda", "shared/journal", "shared/llm/dialect"}

// classified are the packages of floor 3 whose client is in clients.
var classified = []string{"shared/postgres", "shared/redis", "shared/nats", "shared/temporal", "shared/upstream", "shared/kong"}

// TestEveryTechnologyIsClassified: a technology that a deployable links is known
// here as somebody's client or as silent, so that a new one cannot slip past the
// walls' test.
func TestEveryTechnologyIsClassified(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "docs/architecture.md"))
	require.NoError(t, err)
	row := regexp.MustCompile(`(?m)^\| 3 technology \| ([^|]+) \|`).FindSubmatch(raw)
	require.NotNil(t, row, "the table of floors was not found")
	for _, name := range regexp.MustCompile("`([^`]+)`").FindAllSubmatch(row[1], -1) {
		folder := "shared/" + strings.TrimSuffix(strings.TrimPrefix(string(name[1]), "shared/"), "/*")
		if slices.Contains(silent, folder) || slices.Contains(classified, folder) {
			continue
		}
		for _, d := range deployables(t) {
			linked := ownPackages(t, &d)
			require.False(t, slices.ContainsFunc(linked, func(p string) bool {
				return p == module+folder || strings.HasPrefix(p, module+folder+"/")
			}), "%s links %s: say in this file whom it calls", d.Name, folder)
		}
	}
}

// TestNetworkPeersAreThoseOfTheLinkedClients: the walls of every environment let
// each deployable call the peers of the clients that it links, no more and no
// fewer. What is linked comes from the lists in infra/deps, and for packages of
// our own from the go command.
func TestNetworkPeersAreThoseOfTheLinkedClients(t *testing.T) {
	all := deployables(t)
	base, err := kubernetes.Base(all)
	require.NoError(t, err)
	linked := map[string][]string{}
	for _, d := range all {
		linked[d.Name] = linkedPeers(t, &d)
	}
	for _, e := range environments(t) {
		files, err := kubernetes.Overlay(&e, all, nil)
		require.NoError(t, err)
		docs := parse(t, append(slices.Clone(base), files...))
		for _, d := range all {
			require.Equal(t, linked[d.Name], allowedPeers(docs, podLabels(t, docs, d.Name)), "%s in %s", d.Name, e.Name)
		}
	}
}

func podLabels(t *testing.T, docs []document, name string) map[string]string {
	for _, d := range docs {
		if d.Metadata.Name == name && len(d.Spec.Template.Spec.Containers) > 0 {
			return d.Spec.Template.Metadata.Labels
		}
	}
	require.Fail(t, "no pods", name)
	return nil
}

// allowedPeers applies the policies as Kubernetes does: what any policy that
// selects the pod allows.
func allowedPeers(docs []document, labels map[string]string) (out []string) {
	for _, d := range docs {
		if d.Kind != "NetworkPolicy" || len(d.Spec.Egress) == 0 || d.Metadata.Name == "names" {
			continue
		}
		if selects(d.Spec.PodSelector.MatchLabels, labels) {
			out = append(out, strings.TrimPrefix(d.Metadata.Name, "call-"))
		}
	}
	slices.Sort(out)
	return out
}

func selects(want, labels map[string]string) bool {
	for k, v := range want {
		if labels[k] != v {
			return false
		}
	}
	return true
}

func linkedPeers(t *testing.T, d *deployable.Deployable) []string {
	peers := map[string]bool{}
	raw, err := os.ReadFile(filepath.Join(root, "infra/deps", d.Name+".txt"))
	require.NoError(t, err, "go test ./shared/housetest -update")
	for _, line := range append(strings.Fields(string(raw)), ownPackages(t, d)...) {
		if p, known := clients[line]; known {
			peers[string(p)] = true
		}
	}
	return slices.Sorted(maps.Keys(peers))
}

var listed = map[string][]string{} // by deployable: the go command takes its time

// ownPackages are those of this module that a deployable links.
func ownPackages(t *testing.T, d *deployable.Deployable) (out []string) {
	if known := listed[d.Name]; known != nil {
		return known
	}
	defer func() { listed[d.Name] = out }()
	list := exec.Command("go", "list", "-deps", "./"+d.Package)
	list.Dir = root
	all, err := list.Output()
	require.NoError(t, err)
	for _, line := range strings.Fields(string(all)) {
		if strings.HasPrefix(line, module) {
			out = append(out, line)
		}
	}
	return out
}

// TestNobodyEntersOrLeavesWithoutAPolicy: everything is forbidden first, and each
// function is entered from Knative's namespaces alone.
func TestNobodyEntersOrLeavesWithoutAPolicy(t *testing.T) {
	all := deployables(t)
	base, err := kubernetes.Base(all)
	require.NoError(t, err)
	docs := parse(t, base)
	deny := one(t, docs, "NetworkPolicy", "deny-all")
	require.Empty(t, deny.Spec.PodSelector.MatchLabels)
	require.Equal(t, []string{"Ingress", "Egress"}, deny.Spec.PolicyTypes)
	require.Empty(t, append(deny.Spec.Ingress, deny.Spec.Egress...))
	for _, d := range docs {
		if d.Kind != "NetworkPolicy" || len(d.Spec.Ingress) == 0 {
			continue
		}
		require.True(t, strings.HasPrefix(d.Metadata.Name, "enter-"), d.Metadata.Name)
		require.Len(t, d.Spec.Ingress, 1)
	}
	for _, f := range deployable.Of(all, deployable.Function) {
		one(t, docs, "NetworkPolicy", "enter-"+f.Name)
	}
}

// TestProvidersAreOutside: outside a cluster to try things on, what a tenant
// names can be neither in the cluster's network nor the cloud's metadata.
func TestProvidersAreOutside(t *testing.T) {
	for _, e := range environments(t) {
		if e.Name == "dev" {
			continue
		}
		p := e.Peers[deployable.Providers]
		require.Equal(t, []int{443}, p.Ports, e.Name)
		require.Subset(t, p.Except, []string{"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}, e.Name)
	}
}
