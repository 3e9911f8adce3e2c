package config

import (
	"net/netip"
	"time"
)

// The groups of variables that deployables share. A deployable's struct names
// those that it needs; package settings lists them all.

// Process is read by every process that serves.
type Process struct {
	Port             int           `env:"PORT" default:"8080" doc:"port to listen on; 0 takes a free one and logs it"`
	Host             string        `env:"DCODER_HOST" example:"127.0.0.1" doc:"address to listen on; empty: all"`
	LogLevel         string        `env:"DCODER_LOG_LEVEL" default:"info" doc:"debug, info, warn or error"`
	LogFormat        string        `env:"DCODER_LOG_FORMAT" default:"json" doc:"json or text"`
	DrainGrace       time.Duration `env:"DCODER_DRAIN_GRACE" default:"20s" doc:"how long running requests may go on after SIGTERM"`
	MaxInFlight      int           `env:"DCODER_MAX_IN_FLIGHT" default:"1024" doc:"requests at once; above it 503, and no tenant gets more than half while others ask"`
	MaxInFlightBytes Bytes         `env:"DCODER_MAX_IN_FLIGHT_BYTES" doc:"request bodies held at once; default: a quarter of the memory limit, or 256 MiB"`
}

// Control names the control database.
type Control struct {
	ControlDSN Secret `env:"DCODER_CONTROL_DSN" required:"true" example:"postgres://dcoder_app:...@127.0.0.1:5432/dcoder_control" doc:"control database, as the role dcoder_app"`
}

// Creator names the role that makes and migrates databases.
type Creator struct {
	CreatorDSN Secret `env:"DCODER_CREATOR_DSN" required:"true" example:"postgres://dcoder_creator:...@127.0.0.1:5432/postgres" doc:"as the role dcoder_creator, which makes and migrates databases"`

	Templates string `env:"DCODER_TEMPLATES" default:"dcoder_tpl_v" doc:"what the names of template databases begin with"`
	Strategy  string `env:"DCODER_CREATE_STRATEGY" default:"wal_log" doc:"how Postgres clones a database: wal_log, or file_copy where no replica follows and checkpoints are cheap"`
}

// Redis names the ledger's and the snapshots' server.
type Redis struct {
	RedisURL Secret `env:"DCODER_REDIS_URL" required:"true" example:"redis://127.0.0.1:6379/0" doc:"Redis of the ledger, snapshots and idempotency keys"`
}

// NATS names the broker.
type NATS struct {
	NATSURL    Secret `env:"DCODER_NATS_URL" required:"true" example:"nats://127.0.0.1:4222" doc:"NATS with JetStream"`
	NATSPrefix string `env:"DCODER_NATS_PREFIX" default:"dcoder" doc:"first word of subjects, and of streams in capitals"`
}

// Temporal names the workflow engine.
type Temporal struct {
	TemporalAddress   string `env:"DCODER_TEMPORAL_ADDRESS" required:"true" example:"127.0.0.1:7233" doc:"front end of Temporal"`
	TemporalNamespace string `env:"DCODER_TEMPORAL_NAMESPACE" default:"default" doc:"namespace of Temporal"`
	TemporalTaskQueue string `env:"DCODER_TEMPORAL_TASK_QUEUE" default:"dcoder" doc:"task queue of the workflows, the same for whoever starts them and the worker"`
}

// Sealing opens and seals secrets at rest.
type Sealing struct {
	KEK Secret `env:"DCODER_KEK" required:"true" example:"{\"primaryKeyId\":...}" doc:"Tink keyset in JSON: the key encryption key"`
}

// Peppers prove virtual keys.
type Peppers struct {
	Peppers Secret `env:"DCODER_PEPPERS" required:"true" example:"{\"current\":\"p1\",\"keys\":{\"p1\":\"<base64, 32 bytes>\"}}" doc:"secrets under which virtual keys are hashed"`
}

// Events sign deliveries.
type Events struct {
	EventSecrets Secrets `env:"DCODER_EVENT_SECRETS" required:"true" example:"new,old" doc:"secrets of the event door: the first signs, all verify"`
}

// Calls bounds how long a provider may take, where neither a tenant nor an alias
// says otherwise.
type Calls struct {
	FirstTokenTimeout time.Duration `env:"DCODER_FIRST_TOKEN_TIMEOUT" default:"10m" doc:"until the first content of a streamed answer"`
	IdleTimeout       time.Duration `env:"DCODER_IDLE_TIMEOUT" default:"5m" doc:"between two events of a streamed answer"`
	TotalTimeout      time.Duration `env:"DCODER_TOTAL_TIMEOUT" default:"15m" doc:"of a whole call, repetitions and failover with it"`
}

// Egress bounds where functions may call.
type Egress struct {
	EgressAllow []netip.Prefix `env:"DCODER_EGRESS_ALLOW" example:"127.0.0.0/8" doc:"private addresses that may be called; others are refused"`
}

// Journal keeps usage while neither Redis nor NATS can be reached.
type Journal struct {
	JournalDir string `env:"DCODER_JOURNAL_DIR" default:"/tmp/dcoder-journal" doc:"folder of the local journal of usage"`
}

// Responses says how long answers of /v1/responses are kept for later calls.
type Responses struct {
	ResponseLife time.Duration `env:"DCODER_RESPONSE_LIFE" default:"720h" doc:"how long answers of /v1/responses are kept that a client wants kept; below 0: none are"`
}

// Functions says where the dispatcher finds functions.
type Functions struct {
	FunctionURL  string `env:"DCODER_FUNCTION_URL" default:"http://{function}.dcoder.svc.cluster.local" doc:"address of a function; {function} is replaced by its name"`
	FunctionURLs string `env:"DCODER_FUNCTION_URLS" example:"usage=http://127.0.0.1:8081" doc:"functions that live elsewhere: name=address, comma-separated"`
}

// Telemetry says what leaves the process about its calls.
type Telemetry struct {
	OTLPEndpoint  string `env:"DCODER_OTLP_ENDPOINT" example:"http://collector:4318" doc:"base of an OTLP/HTTP collector that takes JSON: spans go to /v1/traces, metrics to /v1/metrics; empty: none are sent"`
	OTLPAuth      Secret `env:"DCODER_OTLP_AUTHORIZATION" doc:"Authorization header for that collector"`
	TracePercent  int    `env:"DCODER_TRACE_PERCENT" default:"10" doc:"of calls that come without a traceparent, how many are traced; those with one follow its sampled flag"`
	LiteLLM       bool   `env:"DCODER_METRICS_LITELLM" default:"false" doc:"the same numbers at /metrics under LiteLLM's names too"`
	MetricTenants int    `env:"DCODER_METRICS_TENANTS" default:"0" doc:"how many tenants have metrics of their own, the first to call; the rest are other; 0: no label of tenants"`
}

// Kong says where the gateway is told of tenants.
type Kong struct {
	KongAdminURL string `env:"DCODER_KONG_ADMIN_URL" required:"true" example:"http://127.0.0.1:8001" doc:"base of Kong's admin API; a name with several addresses is several Kongs"`
	KongConfig   string `env:"DCODER_KONG_CONFIG" default:"/etc/kong/kong.yml" doc:"the rendered configuration, to which the tenants are added"`
}
