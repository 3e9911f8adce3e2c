package redis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Claims remembers which Idempotency-Keys are running, and the finished answers
// of model calls. It implements the claim half of function.Replays (own POSTs
// store their answers in Postgres).
type Claims struct{ client goredis.UniversalClient }

// NewClaims returns the claims on client.
func NewClaims(client goredis.UniversalClient) *Claims { return &Claims{client} }

const (
	claimFor  = 10 * time.Second // without a heartbeat: its process is dead
	claimBeat = 3 * time.Second
	answerFor = 24 * time.Hour

	// MostAnswer is the size of the largest answer that is kept, in bytes.
	MostAnswer = 1 << 20
)

// What a stored value begins with.
const (
	claimMark  = 'C'
	answerMark = 'A'
)

// Claim is a key that runs under this process, until it is stored or released.
// A heartbeat keeps it; when its process dies the key is free within claimFor.
type Claim struct {
	client goredis.UniversalClient
	key    string
	token  string
	stop   chan struct{}
	once   sync.Once
}

func idempotencyKey(tenant, key string) string {
	sum := sha256.Sum256([]byte(key))
	return "{" + tenant + "}:idem:" + hex.EncodeToString(sum[:])
}

// Begin claims a key. It returns a claim when the key was free, the sealed answer
// when one is stored, and neither when another request runs under the key.
func (c *Claims) Begin(ctx context.Context, tenant, key string) (*Claim, []byte, error) {
	name, token := idempotencyKey(tenant, key), string(claimMark)+dcoder.NewID()
	old, err := c.client.SetArgs(ctx, name, token, goredis.SetArgs{Mode: "NX", TTL: claimFor, Get: true}).Result()
	switch {
	case errors.Is(err, goredis.Nil):
		claim := &Claim{client: c.client, key: name, token: token, stop: make(chan struct{})}
		go claim.beat()
		return claim, nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("claim an idempotency key: %w", err)
	case old != "" && old[0] == answerMark:
		return nil, []byte(old[1:]), nil
	default:
		return nil, nil, nil
	}
}

// Claim implements the claim half of function.Replays.
func (c *Claims) Claim(ctx context.Context, tenant, key string) (release func(), claimed bool, err error) {
	claim, _, err := c.Begin(ctx, tenant, key)
	if err != nil || claim == nil {
		return func() {}, false, err
	}
	return claim.Release, true, nil
}

// Load returns the sealed answer that is stored under a key, nil when there is
// none.
func (c *Claims) Load(ctx context.Context, tenant, key string) ([]byte, error) {
	old, err := c.client.Get(ctx, idempotencyKey(tenant, key)).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return nil, fmt.Errorf("read an idempotent answer: %w", err)
	}
	if old == "" || old[0] != answerMark {
		return nil, nil
	}
	return []byte(old[1:]), nil
}

// Store keeps the whole answer for 24 hours in place of the claim. An answer
// above MostAnswer is not kept and the key is free again; stored is false then,
// and when the claim was lost meanwhile.
func (c *Claim) Store(ctx context.Context, sealed []byte) (stored bool, err error) {
	if len(sealed) > MostAnswer {
		c.Release()
		return false, nil
	}
	c.end()
	value := append([]byte{answerMark}, sealed...)
	n, err := embedded.store.run(ctx, c.client, []string{c.key}, c.token, value, answerFor.Milliseconds()).Int()
	if err != nil {
		c.Release()
		return false, fmt.Errorf("store an idempotent answer: %w", err)
	}
	return n == 1, nil
}

// Release frees the key: the request failed or its client hung up. It does
// nothing after Store.
func (c *Claim) Release() {
	c.end()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	_ = embedded.release.run(ctx, c.client, []string{c.key}, c.token).Err() // it ends by itself
}

func (c *Claim) end() { c.once.Do(func() { close(c.stop) }) }

func (c *Claim) beat() {
	t := time.NewTicker(claimBeat)
	defer t.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-t.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		_ = embedded.renew.run(ctx, c.client, []string{c.key}, c.token, claimFor.Milliseconds()).Err() // the next beat tries again
		cancel()
	}
}
