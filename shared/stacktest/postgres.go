package stacktest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresServer is a Postgres cluster of one test: Stop, Kill, Start, Restart, Freeze and Thaw do what they say,
// Addr stays.
type PostgresServer struct{ server }

const (
	terminate = syscall.SIGTERM
	fast      = syscall.SIGINT // Postgres's fast shutdown: open connections are closed
)

// OwnPostgres starts a new cluster for this test alone, with pgvector, a role dcoder_creator (CREATEDB and
// CREATEROLE), a role dcoder_app and the control database, granted as in the stack. No password is asked for.
func OwnPostgres(t testing.TB) *PostgresServer {
	t.Helper()
	home := clusterHome(t)
	data, port := filepath.Join(home, "data"), freePort(t)
	initdb := asServer(home, postgresProgram(t, "initdb"), "--pgdata="+data, "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	path := postgresProgram(t, "postgres")
	args := []string{"-D", data, "-p", strconv.Itoa(port), "-k", ""}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off", "jit=off", "shared_buffers=32MB",
		"max_connections=100", "dynamic_shared_memory_type=mmap", "timezone=GMT", "log_timezone=GMT",
	} {
		args = append(args, "-c", setting)
	}
	postgres := &PostgresServer{server{
		t: t, name: "postgres", port: port, stop: fast,
		command: func() *exec.Cmd { return asServer(home, path, args...) },
	}}
	postgres.healthy = func(string) error { return postgres.exec("postgres", "SELECT") }
	postgres.begin()
	postgres.prepare()
	return postgres
}

// DSN connects a role ("postgres" is the superuser) to a database.
func (p *PostgresServer) DSN(role, database string) string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", role, p.Addr(), database)
}

// ControlDSN is what DCODER_CONTROL_DSN would be for this cluster.
func (p *PostgresServer) ControlDSN() string { return p.DSN("dcoder_app", "dcoder_control") }

// CreatorDSN is what DCODER_CREATOR_DSN would be for this cluster.
func (p *PostgresServer) CreatorDSN() string { return p.DSN("dcoder_creator", "postgres") }

func (p *PostgresServer) prepare() {
	p.t.Helper()
	for _, statement := range []string{
		`CREATE ROLE dcoder_creator LOGIN CREATEDB CREATEROLE`,
		`CREATE ROLE dcoder_app LOGIN`,
		`CREATE DATABASE dcoder_control OWNER dcoder_creator`,
		`REVOKE ALL ON DATABASE postgres, template1, dcoder_control FROM PUBLIC`,
		`GRANT CONNECT ON DATABASE postgres TO dcoder_creator`,
		`GRANT CONNECT ON DATABASE dcoder_control TO dcoder_app`,
	} {
		if err := p.exec("postgres", statement); err != nil {
			p.t.Fatalf("preparing the cluster: %v", err)
		}
	}
}

func (p *PostgresServer) exec(database, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.DSN("postgres", database))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

func postgresProgram(t testing.TB, name string) string {
	t.Helper()
	return program(t, "debian/usr/lib/postgresql/17/bin", name)
}

// clusterHome is a folder of the user that Postgres runs as. It is not t.TempDir, which only its owner may enter.
func clusterHome(t testing.TB) string {
	t.Helper()
	home, err := os.MkdirTemp("", "dcoder-postgres-*") //nolint:usetesting // see above
	if err != nil {
		t.Fatalf("a folder for Postgres: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	if uid := serverUID(); uid != 0 {
		if err := os.Chown(home, uid, uid); err != nil {
			t.Fatalf("giving a folder to Postgres's user: %v", err)
		}
	}
	return home
}

// asServer is a command that runs as a user that Postgres accepts: it refuses root.
func asServer(home, path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = home
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin", "HOME=" + home}
	if uid := serverUID(); uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	return cmd
}

// serverUID is nobody's id for root, and 0 for everybody else: they keep their own.
func serverUID() int {
	if os.Getuid() != 0 {
		return 0
	}
	if nobody, err := user.Lookup("nobody"); err == nil {
		if uid, err := strconv.Atoi(nobody.Uid); err == nil {
			return uid
		}
	}
	return 65534
}
