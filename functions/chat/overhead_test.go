package chat_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// instant is an upstream that answers at once with the same bytes.
func instant() http.Handler {
	stream := []byte(strings.Repeat(oneChunk, 50) + lastChunks)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		if bytes.Contains(b.Bytes(), []byte(`"stream":true`)) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write(stream)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(wholeAnswer)))
		_, _ = io.WriteString(w, wholeAnswer)
	})
}

type pool struct{ sync.Pool }

func (p *pool) Get() []byte {
	if b, ok := p.Pool.Get().([]byte); ok {
		return b
	}
	return make([]byte, 32<<10)
}
func (p *pool) Put(b []byte) { p.Pool.Put(b) } //nolint:staticcheck // as ReverseProxy's interface has it

// plainProxy is what a request costs without a gateway.
func plainProxy(t testing.TB, to string) string {
	t.Helper()
	at, err := url.Parse(to)
	require.NoError(t, err)
	p := httputil.NewSingleHostReverseProxy(at)
	p.Transport = &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true}
	p.BufferPool = &pool{}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return s.URL
}

// BenchmarkOverhead loads the served handler with limits, ledger and usage on, a
// plain reverse proxy, and the upstream itself, all in this process: what a
// target costs is its cpu-us/op less direct's. Redis' own is redis-us/op.
func BenchmarkOverhead(b *testing.B) {
	own := stacktest.OwnRedis(b)
	upstream := httptest.NewServer(instant())
	b.Cleanup(upstream.Close)
	gateway := serveChat(b, llmtest.Options{RedisURL: own.URL(), Upstream: instant(), Snapshot: nineLimits})
	targets := []struct{ name, url string }{{"direct", upstream.URL}, {"proxy", plainProxy(b, upstream.URL)}, {"gateway", gateway.URL}}
	for _, stream := range []bool{false, true} {
		for _, size := range []int{1, 100} {
			for _, conns := range []int{1, 32, 256} {
				if stream && size > 1 || conns == 256 && size > 1 {
					continue
				}
				for _, target := range targets {
					name := "whole"
					if stream {
						name = "stream"
					}
					b.Run(name+"/"+strconv.Itoa(size)+"KB/"+strconv.Itoa(conns)+"/"+target.name, func(b *testing.B) {
						load(b, target.url, conns, asking("gpt-4o-mini", stream, `,"x":"`+strings.Repeat("lorem ipsum ", size*80)+`"`), own.URL())
					})
				}
			}
		}
	}
}

func nineLimits(s *dcoder.Snapshot) {
	for _, scope := range []dcoder.Scope{dcoder.ScopeKey, dcoder.ScopeGroup, dcoder.ScopeTenant} {
		for metric, window := range map[dcoder.Metric]dcoder.Window{
			dcoder.MetricRequests: dcoder.WindowMinute, dcoder.MetricTokens: dcoder.WindowMinute, dcoder.MetricMoney: dcoder.WindowMonth,
		} {
			s.Limits = append(s.Limits, dcoder.Limit{Scope: scope, Subject: "s", Metric: metric, Window: window, Max: 1 << 50, Action: dcoder.ActionDeny})
		}
	}
}

func load(b *testing.B, url string, conns int, body, redisURL string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conns, DisableCompression: true}}
	defer client.CloseIdleConnections()
	one := func() {
		r, _ := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer dck_test")
		resp, err := client.Do(r)
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Error(err, resp)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	one()
	cpu, server, begun := processCPU(), redisCPU(b, redisURL), time.Now()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	for range conns {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				one()
			}
		})
	}
	all.Wait()
	b.StopTimer()
	n := float64(b.N)
	b.ReportMetric(float64((processCPU()-cpu).Microseconds())/n, "cpu-us/op")
	b.ReportMetric((redisCPU(b, redisURL)-server)*1e6/n, "redis-us/op")
	b.ReportMetric(n/time.Since(begun).Seconds(), "rps")
}

func processCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// redisCPU reads the CPU seconds that the server has used.
func redisCPU(b *testing.B, url string) float64 {
	c, err := redis.Open(url)
	require.NoError(b, err)
	defer c.Close()
	info, err := c.Info(context.Background(), "cpu").Result()
	require.NoError(b, err)
	sum := 0.0
	for _, line := range strings.Split(info, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if name == "used_cpu_sys" || name == "used_cpu_user" {
			f, _ := strconv.ParseFloat(value, 64)
			sum += f
		}
	}
	return sum
}
