package price

import (
	"strings"
	"sync"
)

// mostFound bounds what a dialect remembers: names come from clients.
const mostFound = 512

// cache remembers which names the patterns found. Full, it begins anew.
type cache struct {
	mu    sync.RWMutex
	found map[string]*prices
}

func (c *cache) get(name string) *prices {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.found[name]
}

func (c *cache) put(name string, p *prices) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found == nil || len(c.found) >= mostFound {
		c.found = make(map[string]*prices)
	}
	c.found[strings.Clone(name)] = p // the name may be a piece of a request's body
}
