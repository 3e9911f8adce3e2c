package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/infra/local/daemon"
	"github.com/d-coder-ai/dcoder/infra/local/envfile"
	"github.com/d-coder-ai/dcoder/infra/local/leftover"
)

// postgres is Postgres 17 with pgvector.
type postgres struct{}

func (postgres) Name() string               { return "postgres" }
func (postgres) Doors() []string            { return []string{"postgres"} }
func (postgres) stopSignal() syscall.Signal { return syscall.SIGINT } // "fast": open connections are closed

func (postgres) Install(ctx context.Context, site *Site) error { return site.debian(ctx) }

func (p postgres) Command(ctx context.Context, site *Site) (daemon.Command, error) {
	data := site.path("postgres", "data")
	if err := p.own(site); err != nil {
		return daemon.Command{}, err
	}
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); errors.Is(err, os.ErrNotExist) {
		if err := p.init(ctx, site, data); err != nil {
			return daemon.Command{}, err
		}
	}
	if err := os.WriteFile(filepath.Join(data, "postgresql.conf"), []byte(p.conf(site)), 0o644); err != nil {
		return daemon.Command{}, err
	}
	return p.as(site, "postgres", "-D", data), nil
}

// as is a Postgres program run as the user it accepts: the caller, or nobody where the caller is root.
func (postgres) as(site *Site, program string, args ...string) daemon.Command {
	home := site.path("postgres")
	return daemon.Command{
		Path: site.path("debian", "usr/lib/postgresql/17/bin", program), Args: args,
		Env: plainEnv(home), Dir: home, UID: serverUID(),
	}
}

// own makes the service's folder the server user's.
func (postgres) own(site *Site) error {
	home := site.path("postgres")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	if uid := serverUID(); uid != 0 {
		return os.Chown(home, uid, uid)
	}
	return nil
}

// init makes the cluster beside its place and moves it there when it is whole.
func (p postgres) init(ctx context.Context, site *Site, data string) error {
	site.Say("postgres", "creating the cluster")
	if err := leftover.Remove(ctx, data+".next-*"); err != nil {
		return err
	}
	next, err := os.MkdirTemp(filepath.Dir(data), filepath.Base(data)+".next-*")
	if err != nil {
		return err
	}
	password := filepath.Join(next, "password")
	if err := writePassword(password, site.Secrets.PostgresSuper); err != nil {
		return err
	}
	cluster := filepath.Join(next, "data")
	command := p.as(site, "initdb", "--pgdata="+cluster, "--username=postgres", "--pwfile="+password, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync", "--no-instructions")
	if err := command.Run(ctx); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	if err := os.Rename(cluster, data); err != nil {
		return err
	}
	return os.RemoveAll(next)
}

// writePassword makes a folder of the server's user with the password in a file, as initdb wants it.
func writePassword(file, password string) error {
	folder := filepath.Dir(file)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return err
	}
	uid := serverUID()
	if uid == 0 {
		return nil
	}
	return errors.Join(os.Chown(folder, uid, uid), os.Chown(file, uid, uid))
}

// conf gives up durability against a crash of the machine (not of the server): a stack that tests fill and drop
// databases in would otherwise wait for the disk. After a crash of the machine: make reset.
func (postgres) conf(site *Site) string {
	return fmt.Sprintf(`listen_addresses = '127.0.0.1'
port = %d
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
jit = off
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
checkpoint_timeout = 15min
dynamic_shared_memory_type = mmap
logging_collector = off
log_line_prefix = '%%m [%%p] %%u@%%d '
log_min_messages = warning
timezone = '%s'
log_timezone = '%s'
password_encryption = scram-sha-256
`, site.Ports["postgres"], utc(), utc())
}

// utc is UTC's name where the host has time zones, and Postgres's built-in one where it has none.
func utc() string {
	if _, err := os.Stat("/usr/share/zoneinfo/UTC"); err != nil {
		return "GMT"
	}
	return "UTC"
}

func (s *Site) dsn(role, password, database string) string {
	dsn := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password), Host: s.address("postgres"),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return dsn.String()
}

func (s *Site) superDSN() string { return s.dsn("postgres", s.Secrets.PostgresSuper, "postgres") }

func (postgres) Healthy(ctx context.Context, site *Site) error {
	conn, err := pgx.Connect(ctx, site.superDSN())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Settle makes the two roles and the control database as a managed Postgres would have them: the creating role is
// no superuser, and nobody may connect to a database without being named. It waits for the session of an up that
// was killed: the server goes on with that one's last statement, and two at once refuse each other.
func (postgres) Settle(ctx context.Context, site *Site) error {
	conn, err := pgx.Connect(ctx, site.superDSN())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(hashtext('dcoder settle'))`); err != nil {
		return fmt.Errorf("waiting for another preparation: %w", err)
	}
	for _, statement := range roles(site) {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("preparing roles: %w", err)
		}
	}
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'dcoder_control')`).Scan(&exists); err != nil {
		return err
	}
	if !exists {
		if _, err := conn.Exec(ctx, `CREATE DATABASE dcoder_control OWNER dcoder_creator`); err != nil {
			return fmt.Errorf("creating the control database: %w", err)
		}
	}
	for _, statement := range grants {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("granting: %w", err)
		}
	}
	return nil
}

func roles(site *Site) []string {
	const make = `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '%[1]s') THEN CREATE ROLE %[1]s; END IF; END $$`
	const set = `ALTER ROLE %s LOGIN NOSUPERUSER NOREPLICATION NOBYPASSRLS %s PASSWORD '%s'` // passwords are hex
	return []string{
		fmt.Sprintf(make, "dcoder_creator"), fmt.Sprintf(set, "dcoder_creator", "CREATEDB CREATEROLE", site.Secrets.PostgresCreator),
		fmt.Sprintf(make, "dcoder_app"), fmt.Sprintf(set, "dcoder_app", "NOCREATEDB NOCREATEROLE", site.Secrets.PostgresApp),
	}
}

var grants = []string{
	`REVOKE ALL ON DATABASE postgres FROM PUBLIC`,
	`REVOKE ALL ON DATABASE template1 FROM PUBLIC`,
	`REVOKE ALL ON DATABASE dcoder_control FROM PUBLIC`,
	`GRANT CONNECT ON DATABASE postgres TO dcoder_creator`,
	`GRANT CONNECT ON DATABASE dcoder_control TO dcoder_app`,
}

func (postgres) Env(site *Site) []envfile.Pair {
	return []envfile.Pair{
		{Key: "DCODER_CONTROL_DSN", Value: site.dsn("dcoder_app", site.Secrets.PostgresApp, "dcoder_control")},
		{Key: "DCODER_CREATOR_DSN", Value: site.dsn("dcoder_creator", site.Secrets.PostgresCreator, "postgres")},
		{Key: "DCODER_POSTGRES_SUPER_DSN", Value: site.superDSN()},
	}
}
