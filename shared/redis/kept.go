package redis

import (
	"context"
	"errors"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/llm"
)

// kept is what a flush asks of the shelf for one call, beside its script: first
// the claim on the flight, then the answer and the newest void. In this order,
// since who lands a flight stores the answer before the claim is free: a call
// that gets the claim sees the answer, if there is one.
type kept struct {
	claim *goredis.StringCmd
	entry *goredis.SliceCmd
}

// shelf asks for the calls of a group that may be answered by a kept answer.
func (g *group) shelf(ctx context.Context, others []goredis.Cmder) []goredis.Cmder {
	if g.extend {
		return others
	}
	for i, h := range g.calls {
		a := &h.admission
		if a.Entry == "" {
			continue
		}
		if len(g.kept) == 0 {
			g.kept = append(g.kept, make([]kept, len(g.calls))...)
		}
		k := &g.kept[i]
		if a.Flight != "" {
			k.claim = goredis.NewStringCmd(ctx, "set", a.Flight, a.Holder, "nx", "get", "px", flightFor.Milliseconds())
			others = append(others, k.claim)
		}
		k.entry = goredis.NewSliceCmd(ctx, "mget", a.Entry, voidKey(a.Tenant))
		others = append(others, k.entry)
	}
	return others
}

// into tells a call what the shelf said. A shelf that is broken says nothing.
func (k *kept) into(v *llm.Verdict, h *held) {
	if k.claim != nil {
		holder, err := k.claim.Result()
		switch {
		case errors.Is(err, goredis.Nil):
			h.claimed = true
			fallthrough
		case err == nil && h.claimed:
			holder = h.admission.Holder
		}
		v.Holder, v.Claimed = holder, h.claimed
	}
	if k.entry == nil {
		return
	}
	found, err := k.entry.Result()
	if err != nil || len(found) != 2 {
		return
	}
	if text, ok := found[0].(string); ok {
		v.Entry = []byte(text)
	}
	if text, ok := found[1].(string); ok {
		v.Voided = microseconds(text)
	}
}

func microseconds(text string) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Now().Add(time.Hour) // nobody knows: everything may be void
	}
	return time.UnixMicro(n).UTC()
}
