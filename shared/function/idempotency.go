package function

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Remember puts the answer of a POST that carried an Idempotency-Key where the
// store finds it: call it before the transaction that makes the change, with
// the very value that the method will return. Without a key it does nothing.
//
//	out := &createOut{Status: 201, Body: key}
//	if err := function.Remember(ctx, out); err != nil { return nil, err }
//	if err := d.Keys.Create(ctx, key); err != nil { return nil, err }
//	return out, nil
//
// Out as a whole (Status, headers, Body) is kept as JSON, so a replay is
// encoded by the same code as the first answer.
func Remember[Out any](ctx context.Context, out *Out) error {
	replay := dcoder.ReplayOf(ctx)
	if replay == nil {
		return nil
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("encode the answer of %s to remember it: %w", replay.Route, err)
	}
	replay.Response = raw
	replay.Status = http.StatusOK
	var status struct{ Status int }
	if err := json.Unmarshal(raw, &status); err == nil && status.Status != 0 {
		replay.Status = status.Status
	}
	return nil
}

// claimed is a request's hold on its Idempotency-Key; the zero value is none.
type claimed struct {
	answer []byte // of the request that had the key before
	replay *dcoder.Replay
	free   func()
}

// forgotten reports whether a method answered without remembering its answer, so
// that a repeat would run again.
func (c claimed) forgotten() bool { return c.replay != nil && c.replay.Response == nil }

func (c claimed) release() {
	if c.free != nil {
		c.free()
	}
}

// claim honours the Idempotency-Key of a POST of our own. Claiming comes before
// looking, so that of two requests one runs and the other sees what it left.
func (x *exchange) claim(r *http.Request, raw []byte) (context.Context, claimed, error) {
	ctx, replays, p := r.Context(), x.endpoint.host.wiring.Replays, dcoder.PrincipalOf(r.Context())
	key := r.Header.Get(dcoder.HeaderIdempotencyKey)
	if key == "" || replays == nil || p == nil || r.Method != http.MethodPost {
		return ctx, claimed{}, nil
	}
	if len(key) > 255 || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ctx, claimed{}, dcoder.Invalid(dcoder.HeaderIdempotencyKey, "the key is at most 255 printable ASCII characters")
	}
	replay := &dcoder.Replay{
		Tenant: p.Tenant, Key: key, Route: x.endpoint.route.pattern(), BodyHash: hashOf(p, r, raw),
	}
	release, ok, err := replays.Claim(ctx, replay.Tenant, key)
	if err != nil {
		return ctx, claimed{}, fmt.Errorf("claim the idempotency key: %w", err)
	}
	if !ok {
		return ctx, claimed{}, errRunning
	}
	found, err := lookUp(ctx, replays, replay)
	if err != nil {
		release()
		return ctx, claimed{}, err
	}
	if found != nil {
		return ctx, claimed{answer: found.Response, free: release}, nil
	}
	return dcoder.WithReplay(ctx, replay), claimed{replay: replay, free: release}, nil
}

var errRunning = &dcoder.Error{
	Status: http.StatusConflict, Code: "idempotency_key_running", RetryAfter: time.Second, Field: dcoder.HeaderIdempotencyKey,
	Message: "another request under this Idempotency-Key is still running; try again in a second",
}

func lookUp(ctx context.Context, replays Replays, replay *dcoder.Replay) (*dcoder.Replay, error) {
	found, err := replays.Find(ctx, replay.Tenant, replay.Key)
	if err != nil {
		return nil, fmt.Errorf("look up the idempotency key: %w", err)
	}
	if found == nil {
		return nil, nil
	}
	if found.Route != replay.Route || found.BodyHash != replay.BodyHash {
		return nil, &dcoder.Error{
			Status: http.StatusUnprocessableEntity, Code: "idempotency_key_reused", Field: dcoder.HeaderIdempotencyKey, NoRetry: true,
			Message: "this Idempotency-Key was used for another request; take a new one",
		}
	}
	if found.Response == nil {
		return nil, errors.New("the idempotency record holds no answer")
	}
	return found, nil
}

// hashOf binds a remembered answer to the credential and the address as well as
// to the body, since it may hold a secret that only its first asker may see.
func hashOf(p *dcoder.Principal, r *http.Request, raw []byte) (sum [32]byte) {
	h := sha256.New()
	for _, part := range []string{p.Key, p.User, r.URL.RequestURI()} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	h.Write(raw)
	h.Sum(sum[:0])
	return sum
}
