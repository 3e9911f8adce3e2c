// Package stacktest leads tests to the real servers of the local stack, and starts private ones for tests that
// stop, kill or empty a server. Only tests import it. It holds no doubles: what a test talks to is the real thing.
package stacktest

import (
	"bufio"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Stack says where the servers of the local stack are. A test shares them with every other test that runs: it works
// in databases of its own, under random tenant ids, and on subjects with a prefix of its own.
type Stack struct {
	ControlDSN string // role dcoder_app, database dcoder_control
	CreatorDSN string // role dcoder_creator: CREATEDB and CREATEROLE, no superuser; database postgres
	SuperDSN   string // superuser, for what a test must look at from above; never for the code under test

	RedisURL        string
	NATSURL         string
	TemporalAddress string
	TemporalUI      string

	S3Endpoint  string
	S3AccessKey string
	S3SecretKey string

	KEK          string // Tink keyset, JSON
	Peppers      string // JSON
	EventSecrets string

	Local string // the stack's folder
}

// Env finds the local stack: from the environment, else from the repository's .local/env. It fails the test when
// neither names it.
func Env(t testing.TB) Stack {
	t.Helper()
	get := func(name string) string {
		t.Helper()
		value := Lookup(name)
		if value == "" {
			t.Fatalf("%s is not set and %s does not say it: run make up", name, envFile())
		}
		return value
	}
	return Stack{
		ControlDSN: get("DCODER_CONTROL_DSN"), CreatorDSN: get("DCODER_CREATOR_DSN"), SuperDSN: get("DCODER_POSTGRES_SUPER_DSN"),
		RedisURL: testDatabase(get("DCODER_REDIS_URL")), NATSURL: get("DCODER_NATS_URL"),
		TemporalAddress: get("DCODER_TEMPORAL_ADDRESS"), TemporalUI: get("DCODER_TEMPORAL_UI"),
		S3Endpoint: get("DCODER_S3_ENDPOINT"), S3AccessKey: get("DCODER_S3_ACCESS_KEY"), S3SecretKey: get("DCODER_S3_SECRET_KEY"),
		KEK: get("DCODER_KEK"), Peppers: get("DCODER_PEPPERS"), EventSecrets: get("DCODER_EVENT_SECRETS"),
		Local: localDir(),
	}
}

// testDatabase is the Redis of the stack in a database that no platform uses: what tests leave behind (reservations
// of killed processes, outboxes of dropped tenants) must not reach a dispatcher that runs beside them.
func testDatabase(redis string) string {
	u, err := url.Parse(redis)
	if err != nil {
		return redis
	}
	u.Path = "/9"
	return u.String()
}

// Lookup is one variable of the stack, by its name in the environment; empty when nothing says it.
func Lookup(name string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fileVariables()[name]
}

// Environ is what a child process needs to reach the stack: the test's own environment and the stack's variables.
func Environ(t testing.TB) []string {
	t.Helper()
	_ = Env(t)
	environ := os.Environ()
	for name, value := range fileVariables() {
		if os.Getenv(name) == "" {
			environ = append(environ, name+"="+value)
		}
	}
	return environ
}

// localDir is the stack's folder: DCODER_LOCAL, else .local beside go.mod.
func localDir() string {
	if dir := os.Getenv("DCODER_LOCAL"); dir != "" {
		return dir
	}
	return filepath.Join(repository(), ".local")
}

func envFile() string { return filepath.Join(localDir(), "env") }

// repository is the folder of go.mod, above the package that is tested.
func repository() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	return ""
}

// fileVariables are the env file's lines; a file that is not there has none.
var fileVariables = sync.OnceValue(func() map[string]string {
	variables := map[string]string{}
	file, err := os.Open(envFile())
	if err != nil {
		return variables
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, found := strings.Cut(lines.Text(), "=")
		if found {
			variables[name] = strings.ReplaceAll(strings.Trim(value, "'"), `'\''`, "'")
		}
	}
	return variables
})
