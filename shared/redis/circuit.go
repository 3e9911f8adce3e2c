package redis

import (
	"sync/atomic"
	"time"
)

// circuit lets callers fail at once while Redis does not answer: after a
// failure one caller at a time tries again, at growing intervals.
type circuit struct {
	until atomic.Int64 // Unix ns; 0 while closed
	wait  atomic.Int64 // ns
}

const (
	circuitFirst = 50 * time.Millisecond
	circuitMost  = 2 * time.Second
)

// allow reports whether a call may be tried now.
func (c *circuit) allow() bool {
	until := c.until.Load()
	if until == 0 {
		return true
	}
	now := time.Now().UnixNano()
	return now >= until && c.until.CompareAndSwap(until, now+max(c.wait.Load(), int64(circuitFirst)))
}

func (c *circuit) failed() {
	wait := min(max(2*c.wait.Load(), int64(circuitFirst)), int64(circuitMost))
	c.wait.Store(wait)
	c.until.Store(time.Now().UnixNano() + wait)
}

func (c *circuit) worked() {
	if c.until.Load() != 0 {
		c.until.Store(0)
		c.wait.Store(0)
	}
}

// retryAfter is how long the next try is away.
func (c *circuit) retryAfter() time.Duration {
	return max(time.Until(time.Unix(0, c.until.Load())), time.Second)
}

// backoff is how long a background task waits before it tries again.
func (c *circuit) backoff() time.Duration {
	return max(time.Until(time.Unix(0, c.until.Load())), circuitFirst)
}
