package double

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// rate limits requests by counters in Redis that all gateways share. The keys
// are Kong's own, so that both may count together.
type rate struct {
	Second       *int64      `json:"second"`
	Minute       *int64      `json:"minute"`
	Hour         *int64      `json:"hour"`
	LimitBy      string      `json:"limit_by"`
	Policy       string      `json:"policy"`
	Redis        redisConfig `json:"redis"`
	Tolerant     bool        `json:"fault_tolerant"`
	Hide         bool        `json:"hide_client_headers"`
	ErrorCode    int         `json:"error_code"`
	ErrorMessage string      `json:"error_message"`

	where   place
	client  goredis.Scripter
	periods []period
}

type period struct {
	name  string // as in headers: "Minute"
	span  time.Duration
	limit int64
}

func buildRate(g *Gateway, where place, raw json.RawMessage) (any, error) {
	p := &rate{
		LimitBy: "consumer", Policy: "local", Redis: redisConfig{Port: 6379, Timeout: 2000}, Tolerant: true,
		ErrorCode: http.StatusTooManyRequests, ErrorMessage: "API rate limit exceeded", where: where,
	}
	if err := read(raw, p); err != nil {
		return nil, err
	}
	for _, one := range []struct {
		name  string
		span  time.Duration
		limit *int64
	}{{"Second", time.Second, p.Second}, {"Minute", time.Minute, p.Minute}, {"Hour", time.Hour, p.Hour}} {
		if one.limit != nil {
			p.periods = append(p.periods, period{one.name, one.span, *one.limit})
		}
	}
	switch {
	case p.Policy != "redis":
		return nil, fmt.Errorf("config.policy: %q is not implemented here", p.Policy)
	case p.LimitBy != "consumer" && p.LimitBy != "ip":
		return nil, fmt.Errorf("config.limit_by: %q is not implemented here", p.LimitBy)
	case len(p.periods) == 0:
		return nil, errors.New("config: no period has a limit")
	}
	var err error
	p.client, err = g.redisOf(p.Redis)
	return p, err
}

// identifier is whose requests are counted: the consumer's, or those of an
// address.
func (p *rate) identifier(x *exchange) string {
	if p.LimitBy == "consumer" && x.consumer != nil {
		return x.consumer.name
	}
	return x.address
}

// used counts this request and returns how many came before it in the period.
var used = goredis.NewScript(`
local n = redis.call("incr", KEYS[1])
if n == 1 then redis.call("expire", KEYS[1], ARGV[1]) end
return n - 1`)

func (p *rate) access(x *exchange) {
	now := x.gateway.options.Now()
	headers, stopped := map[string]string{}, false
	for _, one := range p.periods {
		begin := now.Truncate(one.span)
		before, err := p.count(x, one, begin)
		if err != nil {
			if !p.Tolerant {
				x.refuse(http.StatusInternalServerError, "An unexpected error occurred")
			}
			return
		}
		left := one.limit - before
		stopped = stopped || left <= 0
		reset := strconv.Itoa(int(max(begin.Add(one.span).Sub(now)/time.Second, 1)))
		tell(headers, one, max(left-1, 0), reset)
		if left <= 0 {
			headers["Retry-After"] = reset
		}
	}
	if !p.Hide {
		x.kept["rate"] = headers
	}
	if stopped {
		x.refuse(p.ErrorCode, p.ErrorMessage)
	}
}

// tell: the last period that is told wins the common names.
func tell(headers map[string]string, p period, left int64, reset string) {
	limit, remaining := strconv.FormatInt(p.limit, 10), strconv.FormatInt(left, 10)
	headers["X-RateLimit-Limit-"+p.name], headers["X-RateLimit-Remaining-"+p.name] = limit, remaining
	headers["RateLimit-Limit"], headers["RateLimit-Remaining"], headers["RateLimit-Reset"] = limit, remaining, reset
}

func (p *rate) count(x *exchange, one period, begin time.Time) (int64, error) {
	ctx, cancel := context.WithTimeout(x.r.Context(), time.Duration(p.Redis.Timeout)*time.Millisecond)
	defer cancel()
	const none = "00000000-0000-0000-0000-000000000000"
	key := fmt.Sprintf("ratelimit:%s:%s:%s:%d:%s", cmp.Or(p.where.route, none), cmp.Or(p.where.service, none),
		p.identifier(x), begin.UnixMilli(), one.name)
	return used.Run(ctx, p.client, []string{key}, int(one.span/time.Second)).Int64()
}

func (p *rate) header(x *exchange, h http.Header) {
	headers, _ := x.kept["rate"].(map[string]string)
	for name, value := range headers {
		h.Set(name, value)
	}
}
