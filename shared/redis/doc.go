// Package redis is everything that the platform keeps in Redis: the ledger of
// limits and money, the outbox of usage rows, the snapshots behind virtual keys
// with their generations, and the claims of idempotent requests.
//
// It decides nothing about policy: what a limit is, when a snapshot is built and
// where a row goes stands in the packages whose interfaces it implements
// (llm.Ledger, auth.Shelf, auth.Generations, dispatch.Outbox, function.Replays).
//
// Every key of a tenant carries the hash tag {tenant}, so that a tenant is one
// slot of a Redis Cluster and every script touches one slot only. Nothing here
// connects before it is used.
package redis
