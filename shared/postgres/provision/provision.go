// Package provision makes tenants: their role, their database, their defaults;
// it makes and upgrades the control database and migrates all others. It runs
// as the creating role (CREATEDB, CREATEROLE, never superuser), in the worker
// and the operators' commands, not in functions.
//
// Every step may be killed anywhere and repeated, and may run twice at once: it
// looks at what is there under a lock and does what is missing.
package provision

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// Options is what a process decides about provisioning.
type Options struct {
	Databases  *postgres.Databases // for the control database, as the functions' role
	Vault      *secret.Vault       // seals passwords
	CreatorDSN string              // URL of the creating role; its database is where no tenant lives
	ControlDB  string              // name of the control database: "dcoder_control"
	AppRole    string              // the functions' role: "dcoder_app"
	Strategy   string              // of CREATE DATABASE: "wal_log"; tests say "file_copy"
	Templates  string              // templates are named this and the version: "dcoder_tpl_v"
	Parallel   int                 // databases migrated at once: 8
}

// Provisioner makes tenants and migrates databases.
type Provisioner struct {
	Options
	creator *url.URL
}

// GroupRole is what every tenant's role is a member of: it holds the rights
// within a tenant's database, and no right to connect to any.
const GroupRole = "dcoder_tenant"

// New returns a provisioner without connecting to anything.
func New(o Options) (*Provisioner, error) {
	creator, err := url.Parse(o.CreatorDSN)
	if err != nil || creator.Host == "" || creator.User == nil {
		return nil, errors.New("the creating role's DSN is not a URL with a host and a user")
	}
	set := func(field *string, usual string) {
		if *field == "" {
			*field = usual
		}
	}
	set(&o.ControlDB, "dcoder_control")
	set(&o.AppRole, "dcoder_app")
	set(&o.Strategy, "wal_log")
	set(&o.Templates, "dcoder_tpl_v")
	if o.Strategy != "wal_log" && o.Strategy != "file_copy" {
		return nil, fmt.Errorf("strategy %q is neither wal_log nor file_copy", o.Strategy)
	}
	if o.Parallel <= 0 {
		o.Parallel = 8
	}
	return &Provisioner{o, creator}, nil
}

// Address is the creating role's cluster as the catalogue writes it: without
// user, password and database.
func (p *Provisioner) Address() string {
	u := *p.creator
	u.User, u.Path = nil, ""
	return u.String()
}

// config connects the creating role to a database of a cluster; "" is the
// database where no tenant lives.
func (p *Provisioner) config(address, database string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the cluster's address is not a URL")
	}
	u.User, u.Path = p.creator.User, p.creator.Path
	if database != "" {
		u.Path = "/" + database
	}
	c, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, errors.New("the cluster's address is malformed")
	}
	c.RuntimeParams["application_name"] = "dcoder-provision"
	return c, nil
}

// DatabaseName is the database of a tenant, RoleName its login role.
func DatabaseName(tenant string) string { return "t_" + tenant }

// RoleName is the login role of a tenant.
func RoleName(tenant string) string { return "r_" + tenant }

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
