package postgres

import (
	"log/slog"
	"time"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// MinimumSchema is the oldest version of a tenant's schema that this program
// works with. A tenant behind it is answered 503 until it is migrated.
const MinimumSchema = 9

// Options is what a process decides about its databases. Zero values take the
// defaults named beside them.
type Options struct {
	ControlDSN  string           // of the control database
	Vault       *secret.Vault    // opens passwords and secrets
	Generations auth.Generations // who hears of changes; nil only in operators' commands
	Publisher   dcoder.Publisher // takes events after the commit; nil: they wait for the sweep
	Log         *slog.Logger     // slog.Default()
	Name        string           // of the process, as the server lists its connections: "dcoder"

	MaxConns     int           // in all: 40
	ControlConns int           // of these, for the control database alone: 4
	TenantConns  int           // at most for one tenant: 2
	Idle         time.Duration // unused for so long, a connection is closed: 30 s
	Wait         time.Duration // for a free connection, then 503: 5 s
	Connect      time.Duration // for a connection to open: 5 s
	Statement    time.Duration // for one statement: 10 s
}

func (o Options) withDefaults() Options {
	o.Log = or(o.Log, slog.Default())
	o.Name = or(o.Name, "dcoder")
	o.MaxConns = or(o.MaxConns, 40)
	o.ControlConns = or(o.ControlConns, 4)
	o.TenantConns = or(o.TenantConns, 2)
	o.Idle = or(o.Idle, 30*time.Second)
	o.Wait = or(o.Wait, 5*time.Second)
	o.Connect = or(o.Connect, 5*time.Second)
	o.Statement = or(o.Statement, 10*time.Second)
	return o
}

func or[T comparable](given, usual T) T {
	var zero T
	if given == zero {
		return usual
	}
	return given
}
