package semantic

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// Sealer seals and opens values of one tenant; object binds a value to its place.
type Sealer interface {
	Seal(object string, plaintext []byte) ([]byte, error)
	Open(object string, sealed []byte) ([]byte, error)
}

// Place is where entries of one partition stand.
type Place struct {
	Tenant    string
	Partition string   // semcache.Partition.Key
	Labels    []string // what it can be invalidated by, as "model:gpt-5" or "source:handbook"
	Sealer    Sealer
}

// Entry is a question and its answer.
type Entry struct {
	Question string
	Vector   []float32 // unit length
	Group    uint64    // not 0; see semcache.Near
	Answer   []byte
	TTL      time.Duration // of the answer
}

// Store keeps entries. All methods are safe for concurrent use.
type Store interface {
	// Near returns up to most entries, best cosine first.
	Near(ctx context.Context, p *Place, vector []float32, most int) ([]semcache.Near, error)
	// Add stores an entry and returns its id.
	Add(ctx context.Context, p *Place, e *Entry) (id string, err error)
	// Answer returns an entry's answer, nil when it is gone.
	Answer(ctx context.Context, p *Place, id string) ([]byte, error)
	// Remove takes an entry out: its answer was found to be bad.
	Remove(ctx context.Context, p *Place, id string) error
}

// Invalidate makes all entries of a tenant that carry one of the labels
// unreachable, and with no label all of them. It costs the same however many
// there are: the generation stands in their keys.
func Invalidate(ctx context.Context, client goredis.UniversalClient, tenant string, labels ...string) error {
	if len(labels) == 0 {
		labels = []string{everything}
	}
	_, err := client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for _, l := range labels {
			p.HIncrBy(ctx, tenantKey(tenant, "gen"), l, 1)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("invalidate entries of %s: %w", tenant, err)
	}
	return nil
}

// everything is the label that all entries carry.
const everything = "*"

func tenantKey(tenant string, rest ...string) string {
	return "{" + tenant + "}:sem:" + strings.Join(rest, ":")
}

// generation names the state of all labels of a place; it changes with any of
// them.
func generation(ctx context.Context, client goredis.UniversalClient, p *Place) (string, error) {
	values, err := client.HMGet(ctx, tenantKey(p.Tenant, "gen"), append([]string{everything}, p.Labels...)...).Result()
	if err != nil {
		return "", fmt.Errorf("read generations of %s: %w", p.Tenant, err)
	}
	sum := sha256.Sum256(fmt.Append(nil, values))
	return hex.EncodeToString(sum[:6]), nil
}

// answers is the half that both stores share.
type answers struct{ client goredis.UniversalClient }

func (a answers) key(p *Place, generation, id string) string {
	return tenantKey(p.Tenant, "a", generation, p.Partition, id)
}

func (a answers) Answer(ctx context.Context, p *Place, id string) ([]byte, error) {
	g, err := generation(ctx, a.client, p)
	if err != nil {
		return nil, err
	}
	sealed, err := a.client.Get(ctx, a.key(p, g, id)).Bytes()
	if errors.Is(err, goredis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer of an entry: %w", err)
	}
	plain, err := p.Sealer.Open("semantic-answer/"+p.Partition+"/"+id, sealed)
	if err != nil {
		return nil, fmt.Errorf("open the answer of an entry: %w", err)
	}
	return plain, nil
}

func (a answers) put(ctx context.Context, to goredis.Pipeliner, p *Place, generation, id string, e *Entry) error {
	sealed, err := p.Sealer.Seal("semantic-answer/"+p.Partition+"/"+id, e.Answer)
	if err != nil {
		return fmt.Errorf("seal the answer of an entry: %w", err)
	}
	to.Set(ctx, a.key(p, generation, id), sealed, jittered(e.TTL, id))
	return nil
}

// jittered shortens a time to live by up to a tenth, so that what was stored
// together does not end together.
func jittered(ttl time.Duration, id string) time.Duration {
	sum := sha256.Sum256([]byte(id))
	return max(time.Millisecond, ttl-ttl*time.Duration(sum[0])/2560)
}
