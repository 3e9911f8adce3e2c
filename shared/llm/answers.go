package llm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// Answers remembers finished answers of calls that carried an Idempotency-Key,
// sealed, for 24 hours.
type Answers interface {
	// Begin claims a key of a tenant. It returns a claim when the key was free,
	// the sealed answer when one is stored, and neither when another request runs
	// under the key.
	Begin(ctx context.Context, tenant, key string) (AnswerClaim, []byte, error)
}

// AnswerClaim is a key that runs under this process: a heartbeat holds it.
type AnswerClaim interface {
	// Store keeps the answer in place of the claim.
	Store(ctx context.Context, sealed []byte) (stored bool, err error)
	// Release frees the key; it does nothing after Store.
	Release()
}

// Sealer seals what is kept outside of the process, bound to tenant and object.
type Sealer interface {
	Seal(ctx context.Context, tenant, object string, plaintext []byte) ([]byte, error)
	Open(ctx context.Context, tenant, object string, sealed []byte) ([]byte, error)
}

// Replays honours Idempotency-Key on model calls. The zero value does not.
type Replays struct {
	Answers Answers
	Sealer  Sealer
}

// mostKept is the largest answer that is kept, bytes, before it is sealed.
const mostKept = 1<<20 - 4<<10

// Do runs answer under the request's Idempotency-Key, if there is one: a
// finished answer of the same request is written again instead, another request
// under the same key is refused with 422, and one that still runs with 409.
// Nothing partial is kept; when answer fails or is cut, the key is free again.
func (d *Replays) Do(w http.ResponseWriter, r *http.Request, req *Request, answer func(http.ResponseWriter) error) error {
	key := r.Header.Get(dcoder.HeaderIdempotencyKey)
	if key == "" || d.Answers == nil {
		return answer(w)
	}
	if len(key) > 255 || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return dcoder.Invalid(dcoder.HeaderIdempotencyKey, "the key is at most 255 printable ASCII characters")
	}
	ctx, tenant := r.Context(), req.Principal.Tenant
	claim, sealed, err := d.Answers.Begin(ctx, tenant, key)
	switch {
	case err != nil:
		return dcoder.Unavailable("idempotency_unavailable", "idempotency keys cannot be looked up just now; try again", time.Second, err)
	case claim == nil && sealed == nil:
		return errStillRunning
	case claim == nil:
		return d.replay(ctx, w, req, key, sealed)
	}
	defer claim.Release()
	tee := &tee{ResponseWriter: w}
	if err := answer(tee); err != nil {
		return err
	}
	if tee.whole(req) {
		d.keep(context.WithoutCancel(ctx), claim, req, key, tee)
	}
	return nil
}

var errStillRunning = &dcoder.Error{
	Status: http.StatusConflict, Code: "idempotency_key_running", Field: dcoder.HeaderIdempotencyKey, RetryAfter: time.Second,
	Message: "another request under this Idempotency-Key is still running; try again in a second",
}

var errReused = &dcoder.Error{
	Status: http.StatusUnprocessableEntity, Code: "idempotency_key_reused", Field: dcoder.HeaderIdempotencyKey, NoRetry: true,
	Message: "this Idempotency-Key was used for another request; take a new one",
}

func (d *Replays) keep(ctx context.Context, claim AnswerClaim, req *Request, key string, t *tee) {
	sealed, err := d.Sealer.Seal(ctx, req.Principal.Tenant, answerObject(key), append(req.fingerprint(), t.body.Bytes()...))
	if err == nil {
		_, err = claim.Store(ctx, sealed)
	}
	if err != nil {
		slog.WarnContext(ctx, "an answer is not kept under its idempotency key", "call", req.ID, "error", err)
	}
}

// replay writes a stored answer again: a stream event by event.
func (d *Replays) replay(ctx context.Context, w http.ResponseWriter, req *Request, key string, sealed []byte) error {
	plain, err := d.Sealer.Open(ctx, req.Principal.Tenant, answerObject(key), sealed)
	if err != nil || len(plain) < sha256.Size {
		return dcoder.Internal(err)
	}
	if !bytes.Equal(plain[:sha256.Size], req.fingerprint()) {
		return errReused
	}
	body, h := plain[sha256.Size:], w.Header()
	h.Set(dcoder.HeaderReplayed, "true")
	if req.Stream {
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-cache")
		return replayEvents(w, body)
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client may be gone
	return nil
}

func replayEvents(w http.ResponseWriter, body []byte) error {
	var in sse.Reader
	in.Reset(bytes.NewReader(body), 0)
	control := http.NewResponseController(w)
	for {
		e, err := in.Next()
		if err != nil {
			return nil //nolint:nilerr // the end of what was stored whole
		}
		if _, err := w.Write(e.Raw); err != nil {
			return nil //nolint:nilerr // the client is gone
		}
		_ = control.Flush() // as above
	}
}

func answerObject(key string) string { return "idempotency/" + key }

// fingerprint binds an answer to who asked, where, and every byte of what.
func (r *Request) fingerprint() []byte {
	h := sha256.New()
	for _, part := range []string{r.Principal.Key, r.Principal.User, r.Route} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	h.Write(r.sent())
	return h.Sum(nil)
}

// tee keeps a copy of an answer as it is written, without pings.
type tee struct {
	http.ResponseWriter
	body   bytes.Buffer
	status int
	bad    bool // a write failed, or it is too much
}

// WriteHeader implements http.ResponseWriter.
func (t *tee) WriteHeader(status int) {
	t.status = status
	t.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (t *tee) Write(p []byte) (int, error) {
	n, err := t.ResponseWriter.Write(p)
	switch {
	case err != nil || t.body.Len()+len(p) > mostKept:
		t.bad = true
	case !isPing(p):
		t.body.Write(p)
	}
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (t *tee) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// whole reports whether what was written is a good answer to its end.
func (t *tee) whole(req *Request) bool {
	if t.bad || t.status != http.StatusOK {
		return false
	}
	return !req.Stream || req.Kind.ended(t.body.Bytes())
}
