package semantic

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// Embed makes a vector of a text; it may be a provider's call.
type Embed func(ctx context.Context, text string) ([]float32, error)

// Vectors caches embeddings and holds those who make them to a budget.
type Vectors struct {
	client goredis.UniversalClient
	budget time.Duration
	keep   time.Duration
}

// ErrNoVector says that there was no embedding in time: a miss, and never an
// error of the request.
var ErrNoVector = errors.New("no embedding in time")

// Defaults of Vectors.
const (
	vectorBudget = 50 * time.Millisecond
	vectorsFor   = 24 * time.Hour
)

// NewVectors returns the cache on client; budget 0 means 50 ms.
func NewVectors(client goredis.UniversalClient, budget time.Duration) *Vectors {
	if budget == 0 {
		budget = vectorBudget
	}
	return &Vectors{client, budget, vectorsFor}
}

// Vector returns the unit vector of a text by a model, from the cache or made;
// made says that the embedder was called, which costs. Whatever fails or takes
// longer than the budget, Redis too, is ErrNoVector.
func (v *Vectors) Vector(ctx context.Context, tenant string, s Sealer, model, text string, embed Embed) (vector []float32, made bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, v.budget)
	defer cancel()
	sum := sha256.Sum256([]byte(model + "\x00" + text))
	key := tenantKey(tenant, "v", hex.EncodeToString(sum[:]))
	if sealed, err := v.client.Get(ctx, key).Bytes(); err == nil {
		if plain, err := s.Open("semantic-vector/"+model, sealed); err == nil && len(plain) >= 4 {
			return readVector(plain), false, nil
		}
	}
	vector, err = v.embed(ctx, text, embed)
	if err != nil {
		return nil, true, fmt.Errorf("%w: %w", ErrNoVector, err)
	}
	if sealed, err := s.Seal("semantic-vector/"+model, appendVector(nil, vector)); err == nil {
		_ = v.client.Set(ctx, key, sealed, v.keep).Err() // made again next time
	}
	return vector, true, nil
}

// embed does not wait for an embedder that forgets its context.
func (v *Vectors) embed(ctx context.Context, text string, embed Embed) ([]float32, error) {
	type result struct {
		vector []float32
		err    error
	}
	done := make(chan result, 1)
	go func() {
		vector, err := embed(ctx, text)
		done <- result{vector, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		if r.err == nil && !usable(r.vector) {
			r.err = errors.New("not a vector with a direction")
		}
		if r.err != nil {
			return nil, r.err
		}
		return semcache.Unit(r.vector), nil
	}
}

func usable(v []float32) bool {
	n := float64(0)
	for _, x := range v {
		n += float64(x) * float64(x)
	}
	return len(v) > 0 && len(v) <= mostVector && n > 0 && !math.IsInf(n, 0) && !math.IsNaN(n)
}
