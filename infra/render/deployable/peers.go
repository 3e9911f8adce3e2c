package deployable

// Peer is somebody whom a process calls over the network.
type Peer string

// The peers.
const (
	Postgres  Peer = "postgres"
	Redis     Peer = "redis"
	NATS      Peer = "nats"
	Temporal  Peer = "temporal"
	Collector Peer = "collector" // of traces and metrics
	Providers Peer = "providers" // public addresses: models, and whatever a tenant names
	Functions Peer = "functions" // other functions, through the cluster's gateway
	KongAdmin Peer = "kong-admin"
)

// naming is the variable that tells a process where its peer is. A process that
// reads none of them calls nobody.
var naming = []struct {
	peer     Peer
	variable string
}{
	{Postgres, "DCODER_CONTROL_DSN"},
	{Redis, "DCODER_REDIS_URL"},
	{NATS, "DCODER_NATS_URL"},
	{Temporal, "DCODER_TEMPORAL_ADDRESS"},
	{Collector, "DCODER_OTLP_ENDPOINT"},
	{Providers, "DCODER_EGRESS_ALLOW"},
	{Functions, "DCODER_FUNCTION_URL"},
	{KongAdmin, "DCODER_KONG_ADMIN_URL"},
}

// Peers lists all peers, in the order in which they are rendered.
func Peers() (out []Peer) {
	for _, n := range naming {
		out = append(out, n.peer)
	}
	return out
}

// Peers lists whom the process may call.
func (d *Deployable) Peers() (out []Peer) {
	for _, n := range naming {
		if d.Reads(n.variable) {
			out = append(out, n.peer)
		}
	}
	return out
}
