package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/llm"
)

// The claim on a flight is a key that its holder renews; followers say with
// another that they wait, and read a stream. Until somebody waits, a flight costs
// its claim and nothing else.
const (
	flightFor  = 3 * time.Second        // a claim without a heartbeat: its process is dead
	flightBeat = 250 * time.Millisecond // between heartbeats
	flightTell = 25 * time.Millisecond  // between heartbeats while somebody waits

	waitFor  = 5 * time.Second        // what followers say holds for so long
	sayEvery = time.Second            // they say it so often
	toldFor  = 30 * time.Second       // what they were told is gone then
	goneFor  = 500 * time.Millisecond // a claim that is gone for longer has no holder
	lookMin  = 5 * time.Millisecond
	lookMax  = 25 * time.Millisecond
)

func waitKey(flight string) string   { return flight + ":wait" }
func streamKey(flight string) string { return flight + ":told" }

// led is a flight of this process.
type led struct {
	next    func() []byte
	begun   time.Time
	waiting atomic.Bool
}

// Lead implements llm.Shelf.
func (a *Answers) Lead(f llm.Flight, next func() []byte) {
	a.mu.Lock()
	a.led[f.Name] = &led{next: next, begun: time.Now()}
	start := !a.beating
	a.beating = true
	a.mu.Unlock()
	if start {
		go a.beat()
	}
}

// beat renews the claims of this process while it has some.
func (a *Answers) beat() {
	t := time.NewTimer(flightBeat)
	defer t.Stop()
	for {
		<-t.C
		names, flights, waited := a.flying()
		if names == nil && !waited {
			return
		}
		if a.renew(names, flights) {
			t.Reset(flightTell)
		} else {
			t.Reset(flightBeat)
		}
	}
}

// flying returns the flights that want a heartbeat; some says that there are any.
func (a *Answers) flying() (names []string, flights []*led, some bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.led) == 0 {
		a.beating = false
		return nil, nil, false
	}
	now := time.Now()
	for name, f := range a.led {
		if f.waiting.Load() || now.Sub(f.begun) >= flightBeat {
			names, flights = append(names, name), append(flights, f)
		}
	}
	return names, flights, true
}

// renew holds claims, and tells who waits what came. It reports whether anybody
// waits.
func (a *Answers) renew(names []string, flights []*led) (waits bool) {
	if len(names) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	p := a.client.Pipeline()
	waiting := make([]*goredis.IntCmd, len(names))
	for i, name := range names {
		p.PExpire(ctx, name, flightFor)
		p.SetNX(ctx, name, a.holder, flightFor) // Redis may have lost it
		waiting[i] = p.Exists(ctx, waitKey(name))
	}
	_, _ = p.Exec(ctx) // the next beat tries again
	a.telling.Lock()
	defer a.telling.Unlock()
	p = a.client.Pipeline()
	for i, f := range flights {
		if f.waiting.Store(waiting[i].Val() > 0); f.waiting.Load() {
			waits = true
			tell(ctx, p, names[i], f.next())
		}
	}
	if p.Len() > 0 {
		_, _ = p.Exec(ctx) // followers notice when a piece is missing
	}
	return waits
}

func tell(ctx context.Context, p goredis.Pipeliner, name string, piece []byte) {
	if piece == nil {
		return
	}
	p.XAdd(ctx, &goredis.XAddArgs{Stream: streamKey(name), Values: []any{"p", piece}})
	p.PExpire(ctx, streamKey(name), toldFor)
}

// Follow implements llm.Shelf. A claim that is gone may come again: Redis lost it
// and its holder lives. What its holder told last may come a moment later, too.
func (a *Answers) Follow(ctx context.Context, f llm.Flight, holder string, take func([]byte) bool) ([]byte, error) {
	after, look := "-", lookMin
	var said, gone time.Time
	for {
		now := time.Now()
		p := a.client.Pipeline()
		if now.Sub(said) >= sayEvery {
			p.Set(ctx, waitKey(f.Name), 1, waitFor)
			said = now
		}
		by := p.Get(ctx, f.Name)
		pieces := p.XRange(ctx, streamKey(f.Name), after, "+")
		_, _ = p.Exec(ctx)
		if err := errors.Join(pieces.Err(), unlessNil(by.Err())); err != nil {
			return nil, fmt.Errorf("follow a flight: %w", err)
		}
		for _, m := range pieces.Val() {
			after, look = "("+m.ID, lookMin
			if piece, ok := m.Values["p"].(string); !ok || !take([]byte(piece)) {
				return nil, nil
			}
		}
		switch {
		case by.Val() == holder:
			gone = time.Time{}
		case gone.IsZero():
			gone = now
			if after != "-" {
				break // only its own last words end what it has begun to tell
			}
			if entry, err := a.Find(ctx, f.Entry); entry != nil || err != nil {
				return entry, err
			}
		case now.Sub(gone) > goneFor:
			return nil, nil
		}
		if !pause(ctx, look) {
			return nil, ctx.Err()
		}
		look = min(2*look, lookMax)
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func unlessNil(err error) error {
	if errors.Is(err, goredis.Nil) {
		return nil
	}
	return err
}
