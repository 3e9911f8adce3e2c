package redis

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the periods must not depend on the host's files
)

// clock guesses Redis' time from this machine's, so that a call can name its
// periods; the script checks the guess and says the time when it is wrong.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load())).UTC()
}

// set learns from an answer.
func (c *clock) set(redis time.Time) {
	c.offset.Store(int64(time.Until(redis)))
}

var locations sync.Map // IANA name -> *time.Location

func location(zone string) (*time.Location, error) {
	if l, ok := locations.Load(zone); ok {
		return l.(*time.Location), nil
	}
	l, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("find the time zone %q: %w", zone, err)
	}
	locations.Store(zone, l)
	return l, nil
}
