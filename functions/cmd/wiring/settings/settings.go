// Package settings holds the configuration struct of every deployable, so that
// the documentation page and the manifests are made of the very structs that the
// processes read. It names variables only; what they open is the mains' business.
package settings

import "github.com/d-coder-ai/dcoder/shared/config"

// Identified is what every function needs that proves virtual keys: the control
// database behind the snapshots, Redis before it, and what opens them.
type Identified struct {
	config.Control
	config.Redis
	config.Sealing
	config.Peppers
}

// Chat configures functions/cmd/chat.
type Chat struct {
	Identified
	config.NATS
	config.Egress
	config.Calls
	config.Journal
	config.Telemetry
	config.Responses
}

// Embed configures functions/cmd/embed.
type Embed struct {
	Identified
	config.NATS
	config.Egress
	config.Calls
	config.Journal
	config.Telemetry
}

// Usage configures functions/cmd/usage.
type Usage struct {
	Identified
	config.NATS
	config.Events
}

// Tenants configures functions/cmd/tenants.
type Tenants struct {
	Identified
	config.NATS
	config.Temporal
}

// Access configures functions/cmd/access.
type Access struct {
	Identified
	config.NATS
	config.Egress
}

// Quota configures functions/cmd/quota.
type Quota struct {
	Identified
	config.NATS
	config.Events
}

// Dispatcher configures functions/cmd/dispatcher.
type Dispatcher struct {
	Identified
	config.NATS
	config.Events
	config.Functions
}

// Settings configures functions/cmd/settings.
type Settings struct {
	Identified
	config.NATS
}

// DeadLetters configures functions/cmd/deadletters.
type DeadLetters struct {
	Identified
	config.NATS
}

// Worker configures workflows/cmd/worker.
type Worker struct {
	config.Control
	config.Redis
	config.Sealing
	config.Creator
	config.NATS
	config.Temporal
}

// KongSync configures functions/cmd/kongsync.
type KongSync struct {
	config.Control
	config.Kong
}

// Migrate configures functions/cmd/migrate.
type Migrate struct {
	config.Control
	config.Creator
	config.Sealing
}

// Operator configures functions/cmd/dcoder.
type Operator struct {
	Identified
	config.Creator
	config.NATS
}

// Dev configures functions/cmd/dev: all of them in one process.
type Dev struct {
	Identified
	config.NATS
	config.Egress
	config.Calls
	config.Journal
	config.Telemetry
	config.Responses
	config.Events
	config.Creator
	config.Temporal
}

// All lists the deployables by the name of their folder. Those that serve read
// config.Process too, by package serve.
func All() []config.Deployable {
	return []config.Deployable{
		{Name: "chat", Struct: served[Chat]{}},
		{Name: "embed", Struct: served[Embed]{}},
		{Name: "usage", Struct: served[Usage]{}},
		{Name: "tenants", Struct: served[Tenants]{}},
		{Name: "access", Struct: served[Access]{}},
		{Name: "quota", Struct: served[Quota]{}},
		{Name: "dispatcher", Struct: served[Dispatcher]{}},
		{Name: "deadletters", Struct: served[DeadLetters]{}},
		{Name: "settings", Struct: served[Settings]{}},
		{Name: "worker", Struct: served[Worker]{}},
		{Name: "kongsync", Struct: served[KongSync]{}},
		{Name: "migrate", Struct: Migrate{}},
		{Name: "dcoder", Struct: Operator{}},
		{Name: "dev", Struct: served[Dev]{}},
	}
}

type served[T any] struct {
	config.Process
	Own T
}
