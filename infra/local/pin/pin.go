// Package pin is the one table of what the local stack runs and which tools the checks use: Go modules by exact
// version, Debian packages by suite, container images by tag. infra/compose.yaml is rendered from it.
// It decides nothing else: how a thing is fetched or started stands in the packages beside it.
package pin

// GoTool is a program that `go install` builds from a module at an exact version.
type GoTool struct {
	Name    string // the program's name under .local/bin
	Path    string // import path of its main package
	Version string // module version
}

// The servers and tools that are built from Go modules.
var (
	NATS = GoTool{Name: "nats-server", Path: "github.com/nats-io/nats-server/v2", Version: "v2.15.2"}
	// Temporal's newer releases cannot be built from the module alone.
	Temporal = GoTool{Name: "temporal", Path: "github.com/temporalio/cli/cmd/temporal", Version: "v1.5.1"}
	S3       = GoTool{Name: "versitygw", Path: "github.com/versity/versitygw/cmd/versitygw", Version: "v1.8.0"}
	Linter   = GoTool{Name: "golangci-lint", Path: "github.com/golangci/golangci-lint/v2/cmd/golangci-lint", Version: "v2.15.0"}
	Format   = GoTool{Name: "gofumpt", Path: "mvdan.cc/gofumpt", Version: "v0.12.0"}
	Ko       = GoTool{Name: "ko", Path: "github.com/google/ko", Version: "v0.19.1"}
	Vuln     = GoTool{Name: "govulncheck", Path: "golang.org/x/vuln/cmd/govulncheck", Version: "v1.9.0"}
)

// Tools lists every GoTool, for `local tool NAME`.
var Tools = []GoTool{NATS, Temporal, S3, Linter, Format, Vuln, Ko}

// DebianSuite is the release whose packages carry Postgres 17, pgvector 0.8 and Redis 8. Point releases are
// not pinned: mirrors drop the old ones.
const DebianSuite = "trixie"

// DebianPackages are the servers taken from DebianSuite.
var DebianPackages = []string{"postgresql-17", "postgresql-17-pgvector", "redis-server", "redis-tools"}

// NodePackage is added where the host has no node.
const NodePackage = "nodejs"

// Image is a container image for those who run the stack with Docker.
type Image struct {
	Service string
	Name    string // repository:tag, or repository@sha256:... where the digest is known
}

// Images are what infra/compose.yaml runs.
var Images = struct{ Postgres, Redis, NATS, Temporal, S3 Image }{
	Postgres: Image{"postgres", "pgvector/pgvector:0.8.1-pg17"},
	Redis:    Image{"redis", "redis:8"},
	NATS:     Image{"nats", "nats:2-alpine"},
	Temporal: Image{"temporal", "temporalio/temporal:1.5.1"},
	S3:       Image{"s3", "versity/versitygw:" + S3.Version},
}

// FirstPort is the port that a door of the stack takes when it is free.
var FirstPort = map[string]int{
	"nats": 4222, "postgres": 5432, "redis": 6379, "temporal": 7233, "temporal-ui": 8088, "s3": 9000,
}
