package double

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/redis"
)

// redisConfig is the server of the limits.
type redisConfig struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Username string `json:"username"`
	Password string `json:"password"`
	Database int    `json:"database"`
	SSL      bool   `json:"ssl"`
	Verify   bool   `json:"ssl_verify"`
	Timeout  int    `json:"timeout"` // milliseconds, of a count
}

// clients keeps one client for each server over configurations.
type clients struct {
	mu  sync.Mutex
	all map[string]goredis.UniversalClient
}

func (g *Gateway) redisOf(c redisConfig) (goredis.Scripter, error) {
	switch {
	case c.Host == "":
		return nil, errors.New("config.redis.host: missing")
	case c.SSL && !c.Verify:
		return nil, errors.New("config.redis.ssl_verify: TLS without it is not implemented here")
	case g.options.Redis != nil:
		return g.options.Redis(c.Host, c.Port), nil
	}
	address := url.URL{Scheme: "redis", Host: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Path: "/" + strconv.Itoa(c.Database)}
	if c.SSL {
		address.Scheme = "rediss"
	}
	if password := g.vault(c.Password); password != "" {
		address.User = url.UserPassword(g.vault(c.Username), password)
	}
	return g.redis.of(address.String())
}

func (c *clients) of(address string) (goredis.Scripter, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.all[address]; known != nil {
		return known, nil
	}
	client, err := redis.Open(address)
	if err != nil {
		return nil, err
	}
	if c.all == nil {
		c.all = map[string]goredis.UniversalClient{}
	}
	c.all[address] = client
	return client, nil
}

func (c *clients) close() (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.all {
		err = errors.Join(err, one.Close())
	}
	c.all = nil
	return err
}

var reference = regexp.MustCompile(`^\{vault://env/([a-z0-9-]+)\}$`)

// vault replaces a reference to the environment by its value.
func (g *Gateway) vault(value string) string {
	m := reference.FindStringSubmatch(value)
	if m == nil {
		return value
	}
	return g.options.Getenv(strings.ToUpper(strings.ReplaceAll(m[1], "-", "_")))
}
