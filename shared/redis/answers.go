package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// Answers implements llm.Shelf and llm.Void: answers under their keys, claims on
// flights with a heartbeat, and for flights that somebody elsewhere follows a
// stream of what came. It starts no goroutine before it is used, and none that
// outlives the flights under way.
type Answers struct {
	client goredis.UniversalClient
	holder string

	mu      sync.Mutex
	landing []landing
	busy    bool // somebody lands what is queued
	led     map[string]*led
	beating bool

	spare   spare
	telling sync.Mutex // the pieces of a flight go out in their order
}

var (
	_ llm.Shelf = (*Answers)(nil)
	_ llm.Void  = (*Answers)(nil)
)

// NewAnswers returns the shelf on client.
func NewAnswers(client goredis.UniversalClient) *Answers {
	return &Answers{client: client, holder: dcoder.NewID(), led: map[string]*led{}}
}

const (
	// voidFor is how long a void matters: longer than any answer is kept.
	voidFor = (dcoder.CacheMostTTLSeconds + 3600) * time.Second

	mostLanding = 1024 // that wait; beyond it answers are not kept
	mostAtOnce  = 64   // landings in one flush
)

// Holder implements llm.Shelf.
func (a *Answers) Holder() string { return a.holder }

// Find implements llm.Shelf.
func (a *Answers) Find(ctx context.Context, entry string) ([]byte, error) {
	b, err := a.client.Get(ctx, entry).Bytes()
	if errors.Is(err, goredis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find a kept answer: %w", err)
	}
	return b, nil
}

// Voided implements llm.Shelf.
func (a *Answers) Voided(ctx context.Context, tenant string, labels []string) (newest time.Time, err error) {
	if len(labels) == 0 {
		return newest, nil
	}
	found, err := a.client.HMGet(ctx, voidsKey(tenant), labels...).Result()
	if err != nil {
		return newest, fmt.Errorf("read what is void: %w", err)
	}
	for _, v := range found {
		if text, ok := v.(string); ok {
			if at := microseconds(text); at.After(newest) {
				newest = at
			}
		}
	}
	return newest, nil
}

// Void implements llm.Void.
func (a *Answers) Void(ctx context.Context, tenant string, labels []string) error {
	args := []any{voidFor.Milliseconds()}
	for _, l := range labels {
		args = append(args, l)
	}
	if err := embedded.void.run(ctx, a.client, []string{voidKey(tenant), voidsKey(tenant)}, args...).Err(); err != nil {
		return unavailable(fmt.Errorf("declare answers void: %w", err), time.Second)
	}
	return nil
}

// landing is a Landing that waits for its flush.
type landing struct {
	*llm.Landing
	told bool // followers elsewhere hear of the flight already
}

// Land implements llm.Shelf: it queues. One goroutine lands what is queued, and
// ends when nothing is.
func (a *Answers) Land(l *llm.Landing) {
	a.mu.Lock()
	next := landing{Landing: l}
	if f := a.led[l.Name]; f != nil && l.Claimed {
		delete(a.led, l.Name)
		next.told = f.waiting.Load()
	}
	full := len(a.landing) >= mostLanding
	if !full {
		a.landing = append(a.landing, next)
	}
	start := !a.busy && !full
	a.busy = a.busy || start
	a.mu.Unlock()
	if full && l.Done != nil {
		l.Done() // the claim ends by itself
	}
	if start {
		go a.landAll()
	}
}

func (a *Answers) landAll() {
	for {
		a.mu.Lock()
		n := min(len(a.landing), mostAtOnce)
		batch := a.landing[:n:n]
		a.landing = a.landing[n:]
		if n == 0 {
			a.landing, a.busy = nil, false
		}
		a.mu.Unlock()
		if n == 0 {
			return
		}
		a.land(batch)
	}
}

// land stores answers and frees claims in one flush, but for claims of flights
// that are followed elsewhere: these hear the end first. Whoever comes to follow
// meanwhile finds the claim free, and the answer.
func (a *Answers) land(batch []landing) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*callTimeout)
	defer cancel()
	p := a.client.Pipeline()
	waiting := make([]*goredis.IntCmd, len(batch))
	for i, l := range batch {
		if l.Sealed != nil && a.spare.some(ctx, a.client) {
			p.Set(ctx, l.Entry, l.Sealed, max(l.TTL, time.Second))
		}
		if l.Claimed && l.Last != nil {
			waiting[i] = p.Exists(ctx, waitKey(l.Name))
		}
		if l.Claimed && !l.told {
			p.Del(ctx, l.Name)
		}
	}
	if p.Len() > 0 {
		_, _ = p.Exec(ctx) // an answer that is not kept is a miss later; claims end by themselves
	}
	a.tellEnds(ctx, batch, waiting)
	for _, l := range batch {
		if l.Done != nil {
			l.Done()
		}
	}
}

func (a *Answers) tellEnds(ctx context.Context, batch []landing, waiting []*goredis.IntCmd) {
	a.telling.Lock()
	defer a.telling.Unlock()
	p := a.client.Pipeline()
	for i, l := range batch {
		if waiting[i] != nil && (l.told || waiting[i].Val() > 0) {
			tell(ctx, p, l.Name, l.Last())
		}
		if l.told {
			p.Del(ctx, l.Name)
		}
	}
	if p.Len() > 0 {
		_, _ = p.Exec(ctx) // as above
	}
}
