// Package wiring opens what most deployables share: Redis, the broker, the
// databases, and the keeper that proves virtual keys. Nothing connects before it
// is used. What a deployable does with it stands in its own main.
package wiring

import (
	"context"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// Platform is what is open in a process.
type Platform struct {
	Redis     goredis.UniversalClient
	Broker    *nats.Broker
	Publisher dcoder.Publisher // of events: the broker, or what a build for AWS Lambda puts in its place
	MostEvent int              // bytes of data that the publisher takes in one event; 0: what the broker takes
	Databases *postgres.Databases
	Keeper    *auth.Keeper
	Vault     *secret.Vault
	Peppers   *auth.Peppers // issue new keys
}

// Open builds the platform of the process of that name.
func Open(name string, id settings.Identified, broker config.NATS) (*Platform, error) {
	kek, err := secret.ParseKeyset(id.KEK.Reveal())
	if err != nil {
		return nil, err
	}
	peppers, err := auth.ParsePeppers(id.Peppers.Peppers.Reveal())
	if err != nil {
		return nil, err
	}
	client, err := redis.Open(id.RedisURL.Reveal())
	if err != nil {
		return nil, err
	}
	p := &Platform{
		Redis: client, Peppers: peppers,
		Broker: nats.New(nats.Config{URL: broker.NATSURL.Reveal(), Prefix: broker.NATSPrefix, Name: name}),
	}
	if err := p.publish(); err != nil {
		return nil, err
	}
	vault, shelf := secret.NewVault(kek), redis.NewShelf(client)
	p.Vault = vault
	p.Databases, err = postgres.Open(postgres.Options{
		ControlDSN: id.ControlDSN.Reveal(), Vault: vault, Generations: shelf, Publisher: p.Publisher,
	})
	if err != nil {
		return nil, err
	}
	p.Keeper = auth.NewKeeper(auth.Options{
		Shelf: shelf, Source: p.Databases, Sealer: vault, Peppers: peppers, Rekeyer: postgres.NewKeys(p.Databases),
	})
	return p, nil
}

// Brokered reports whether events go through the broker.
func (p *Platform) Brokered() bool { return p.Publisher == dcoder.Publisher(p.Broker) }

// Close closes everything; it is the last hook of a drain.
func (p *Platform) Close(ctx context.Context) error {
	_ = p.Keeper.Drain(ctx) // keys that were not rekeyed are at a later use
	p.Databases.Close()
	p.Broker.Close()
	return p.Redis.Close()
}
