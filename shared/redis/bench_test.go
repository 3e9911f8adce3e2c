package redis_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// BenchmarkAdmitAndSettle compares group admission with its baseline, one script
// call for each admission and each settlement, on a Redis of its own. Nine limits
// hold: three scopes of three metrics. redis-us/op is Redis' CPU of both steps.
func BenchmarkAdmitAndSettle(b *testing.B) {
	server := stacktest.OwnRedis(b)
	for _, tenants := range []int{1, 100} {
		for _, goroutines := range []int{1, 32, 256} {
			for _, alone := range []bool{true, false} {
				name := map[bool]string{true: "alone", false: "group"}[alone]
				b.Run(fmt.Sprintf("tenants=%d/goroutines=%d/%s", tenants, goroutines, name), func(b *testing.B) {
					benchmark(b, server.URL(), tenants, goroutines, alone)
				})
			}
		}
	}
}

func benchmark(b *testing.B, url string, tenants, goroutines int, alone bool) {
	o, err := goredis.ParseURL(url)
	require.NoError(b, err)
	o.PoolSize = goroutines + 4
	c := goredis.NewClient(o)
	defer func() { _ = c.Close() }()
	l := redis.NewLedger(redis.Config{Client: c, Log: quiet()})
	defer l.Close()
	calls := prepare(b, l, tenants)

	before := cpu(b, c)
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				one(b, l, calls[int(i)%tenants], alone)
			}
		})
	}
	wg.Wait()
	drain(b, l)
	b.StopTimer()
	b.ReportMetric(float64((cpu(b, c)-before).Microseconds())/float64(b.N), "redis-us/op")
}

func prepare(b *testing.B, l *redis.Ledger, tenants int) []llm.Admission {
	calls := make([]llm.Admission, tenants)
	for i := range calls {
		id := stacktest.TenantID()
		require.NoError(b, l.Open(context.Background(), id))
		var limits []dcoder.Limit
		for _, scope := range []dcoder.Scope{dcoder.ScopeKey, dcoder.ScopeUser, dcoder.ScopeTenant} {
			limits = append(limits,
				limit(scope, "k1", dcoder.MetricRequests, dcoder.WindowMinute, 1e12),
				limit(scope, "k1", dcoder.MetricTokens, dcoder.WindowMinute, 1e12),
				limit(scope, "k1", dcoder.MetricMoney, dcoder.WindowMonth, 1e12))
		}
		calls[i] = *admission(id, limits, 500, 250)
		one(b, l, calls[i], false)
	}
	drain(b, l)
	return calls
}

func one(b *testing.B, l *redis.Ledger, a llm.Admission, alone bool) {
	a.ID = dcoder.NewID()
	var v llm.Verdict
	var err error
	if alone {
		v, err = redis.AdmitAlone(l, &a)
	} else {
		v, err = l.Admit(context.Background(), &a)
	}
	if err != nil || !v.Admitted {
		b.Errorf("not admitted: %v %v", v.Exceeded, err)
		return
	}
	s := &llm.Settlement{Admission: &a, Verdict: v, Used: llm.Amounts{Requests: 1, Tokens: 120, Money: 60}, Record: *a.Intent}
	s.Record.ID, s.Record.Time = a.ID, v.Time
	if alone {
		redis.SettleAlone(l, s)
		return
	}
	l.Settle(s)
}

// cpu is the CPU time that Redis has used.
func cpu(b *testing.B, c *goredis.Client) time.Duration {
	text, err := c.Info(context.Background(), "cpu").Result()
	require.NoError(b, err)
	var sum float64
	for _, line := range strings.Split(text, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if name == "used_cpu_user" || name == "used_cpu_sys" {
			f, err := strconv.ParseFloat(value, 64)
			require.NoError(b, err)
			sum += f
		}
	}
	return time.Duration(sum * float64(time.Second))
}
