package kubernetes

import (
	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// Knative's own namespaces: the activator and the autoscaler, and the gateway
// that stands before them.
const (
	serving = "knative-serving"
	ingress = "kourier-system"
)

// queueProxy is where a function's pod is entered: plain, HTTP/2, TLS, and the
// autoscaler's look at its metrics.
var queueProxy = []int{8012, 8013, 8112, 9090}

// walls is what holds whoever runs here: nobody may enter or leave but by a
// policy; every pod may ask for names; functions are entered through Knative
// alone. Gateway, activator and autoscaler are shared by the cluster, so a policy
// cannot tell who is behind them: each hop proves itself besides.
func walls(all []deployable.Deployable) (out []any) {
	everyone := manifest.Object{}
	out = append(out, policy("deny-all", everyone, nil, nil))
	out = append(out, policy("names", everyone, nil, manifest.List{manifest.Object{
		"to":    manifest.List{inNamespace("kube-system")},
		"ports": manifest.List{port("UDP", 53), port("TCP", 53)},
	}}))
	for _, d := range deployable.Of(all, deployable.Function) {
		pods := manifest.Object{"matchLabels": manifest.Object{"app.kubernetes.io/name": d.Name}}
		out = append(out, policy("enter-"+d.Name, pods, manifest.List{manifest.Object{
			"from": manifest.List{inNamespace(serving), inNamespace(ingress)}, "ports": ports(queueProxy),
		}}, nil))
	}
	return out
}

// paths lets the pods that are marked for a peer call it, and nobody else.
func paths(e *Environment, all []deployable.Deployable) (out []any) {
	for _, p := range deployable.Peers() {
		pods := manifest.Object{"matchLabels": manifest.Object{PeerLabel(p): "allowed"}}
		if !anyCalls(all, p) {
			continue
		}
		out = append(out, policy("call-"+string(p), pods, nil, e.Peers[p].rules()))
	}
	return out
}

func anyCalls(all []deployable.Deployable, peer deployable.Peer) bool {
	for _, d := range all {
		for _, p := range d.Peers() {
			if p == peer {
				return true
			}
		}
	}
	return false
}

// policy has the directions that it was given rules for; without any it has both
// and so forbids both.
func policy(name string, pods manifest.Object, in, out manifest.List) manifest.Object {
	spec := manifest.Object{"podSelector": pods}
	switch {
	case in == nil && out == nil:
		spec["policyTypes"] = manifest.List{"Ingress", "Egress"}
	case in != nil:
		spec["policyTypes"], spec["ingress"] = manifest.List{"Ingress"}, in
	default:
		spec["policyTypes"], spec["egress"] = manifest.List{"Egress"}, out
	}
	return object("networking.k8s.io/v1", "NetworkPolicy", name, spec)
}

func inNamespace(name string) manifest.Object {
	return manifest.Object{"namespaceSelector": manifest.Object{"matchLabels": manifest.Object{"kubernetes.io/metadata.name": name}}}
}

func port(protocol string, n int) manifest.Object {
	return manifest.Object{"protocol": protocol, "port": n}
}

func ports(all []int) (out manifest.List) {
	for _, n := range all {
		out = append(out, port("TCP", n))
	}
	return out
}
