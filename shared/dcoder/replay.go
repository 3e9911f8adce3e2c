package dcoder

import "context"

// Replay is the idempotency record of one own POST (Idempotency-Key). Package
// function puts it into the context before the method runs; the method's typed
// answer is put into Response by function.Remember before the transaction ends;
// the store writes the record in the transaction of the change, so that neither
// exists without the other. Kept for 24 hours.
type Replay struct {
	Tenant   string
	Key      string   // the client's Idempotency-Key
	Route    string   // "POST /v1/keys"
	BodyHash [32]byte // SHA-256 of the request body
	Status   int      // of the first answer
	Response []byte   // JSON of the first answer; sealed at rest; nil until remembered
	Stored   bool     // set by the store that wrote it
}

type replayKey struct{}

// WithReplay returns ctx carrying r.
func WithReplay(ctx context.Context, r *Replay) context.Context {
	return context.WithValue(ctx, replayKey{}, r)
}

// ReplayOf returns the idempotency record in ctx, or nil when the client sent
// no Idempotency-Key.
func ReplayOf(ctx context.Context) *Replay {
	r, _ := ctx.Value(replayKey{}).(*Replay)
	return r
}
