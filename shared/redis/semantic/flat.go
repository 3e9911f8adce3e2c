package semantic

import (
	"context"
	"fmt"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// Flat keeps a partition as a Redis stream and scans it in process.
type Flat struct {
	answers
	decoded *decoded
	most    int
}

var _ Store = (*Flat)(nil)

// Sizes of Flat.
const (
	MostFlat    = 5000     // entries of a partition; the oldest go first
	decodedSize = 64 << 20 // bytes of decoded partitions in a process
	keepFor     = 25 * time.Hour
	batch       = 1000
)

// NewFlat returns the store on client. most bounds a partition (0: MostFlat),
// size what stays decoded, in bytes (0: 64 MiB).
func NewFlat(client goredis.UniversalClient, most, size int) *Flat {
	if most == 0 {
		most = MostFlat
	}
	if size == 0 {
		size = decodedSize
	}
	return &Flat{answers{client}, newDecoded(size), most}
}

// Add implements Store.
func (f *Flat) Add(ctx context.Context, p *Place, e *Entry) (string, error) {
	id := dcoder.NewID()
	return id, f.add(ctx, p, e, id)
}

func (f *Flat) add(ctx context.Context, p *Place, e *Entry, id string) error {
	g, err := generation(ctx, f.client, p)
	if err != nil {
		return err
	}
	sealed, err := sealEntry(p, e)
	if err != nil {
		return err
	}
	_, err = f.client.Pipelined(ctx, func(to goredis.Pipeliner) error {
		key := f.stream(p, g)
		to.XAdd(ctx, &goredis.XAddArgs{Stream: key, MaxLen: int64(f.most), Approx: true, Values: []any{"i", id, "e", sealed}})
		to.Expire(ctx, key, keepFor)
		return f.put(ctx, to, p, g, id, e)
	})
	if err != nil {
		return fmt.Errorf("store an entry: %w", err)
	}
	return nil
}

func (f *Flat) stream(p *Place, generation string) string {
	return tenantKey(p.Tenant, "p", generation, p.Partition)
}

// Remove implements Store.
func (f *Flat) Remove(ctx context.Context, p *Place, id string) error {
	g, err := generation(ctx, f.client, p)
	if err != nil {
		return err
	}
	_, err = f.client.Pipelined(ctx, func(to goredis.Pipeliner) error {
		to.Del(ctx, f.key(p, g, id))
		to.XAdd(ctx, &goredis.XAddArgs{Stream: f.stream(p, g), Values: []any{"i", id, "e", ""}}) // other processes drop it
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove an entry: %w", err)
	}
	return nil
}

// Near implements Store. One round trip reads what was added since this process
// last looked; on a partition that it has not decoded, all of it.
func (f *Flat) Near(ctx context.Context, p *Place, vector []float32, most int) ([]semcache.Near, error) {
	g, err := generation(ctx, f.client, p)
	if err != nil {
		return nil, err
	}
	key := f.stream(p, g)
	part := f.decoded.get(key, len(vector))
	part.mu.Lock()
	defer part.mu.Unlock()
	for {
		from := "-"
		if part.last != "" {
			from = "(" + part.last
		}
		fresh, err := f.client.XRangeN(ctx, key, from, "+", batch).Result()
		if err != nil {
			return nil, fmt.Errorf("read a partition: %w", err)
		}
		for _, m := range fresh {
			part.take(p, m)
		}
		if len(fresh) < batch {
			break
		}
	}
	f.decoded.grew(key, part, f.most)
	return part.near(vector, most), nil
}

// part is a decoded partition.
type part struct {
	mu      sync.Mutex
	last    string // id of the last message read
	index   *semcache.Index
	removed map[string]bool
}

// take puts a message in. One that cannot be read, of another version or of a key
// that is gone, is passed over: it is a miss.
func (d *part) take(p *Place, m goredis.XMessage) {
	d.last = m.ID
	id, _ := m.Values["i"].(string)
	sealed, _ := m.Values["e"].(string)
	if sealed == "" {
		d.removed[id] = true
		return
	}
	if n, err := openEntry(p, id, sealed); err == nil {
		d.index.Add(n)
	}
}

// near leaves removed entries out.
func (d *part) near(vector []float32, most int) []semcache.Near {
	found := d.index.Nearest(vector, most+len(d.removed))
	kept := found[:0]
	for _, n := range found {
		if !d.removed[n.ID] && len(kept) < most {
			kept = append(kept, n)
		}
	}
	return kept
}
