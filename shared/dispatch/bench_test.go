package dispatch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// BenchmarkDispatch measures events a second from the stream through signed HTTP
// deliveries to the acknowledgement; beside it what bare POSTs of the same body
// reach, 32 at once.
func BenchmarkDispatch(b *testing.B) {
	const events = 20_000
	var heard atomic.Int64
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !cehttp.IsBatch(r.Header) {
			heard.Add(1)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		batch, err := cehttp.Read(r.Header, body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		heard.Add(int64(len(batch)))
		answers := make([]map[string]int, len(batch))
		for i := range answers {
			answers[i] = map[string]int{"status": 204}
		}
		_ = json.NewEncoder(w).Encode(answers)
	}
	d := door(b, handler)
	for _, most := range []int{1, 100} {
		b.Run(fmt.Sprint("batch=", most), func(b *testing.B) {
			cfg := nats.Config{URL: stacktest.Env(b).NATSURL, Prefix: stacktest.NATSPrefix(b), Memory: true, EventBytes: 32 << 20, OtherBytes: 1 << 20}
			broker := nats.New(cfg)
			b.Cleanup(broker.Close)
			b.Cleanup(func() { deleteStreams(b, cfg) })
			publish(b, broker, events)
			heard.Store(0)
			b.ResetTimer()
			ctx, cancel := context.WithCancel(context.Background())
			disp := dispatch.Dispatcher{Queues: broker, Door: d, Targets: []dispatch.Target{{Function: "usage", Types: map[string]int{"usage.recorded": most}}}}
			var running sync.WaitGroup
			running.Go(func() { _ = disp.Run(ctx) })
			for heard.Load() < events {
				time.Sleep(time.Millisecond)
			}
			b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
			cancel()
			running.Wait()
		})
	}
	b.Run("bare-posts", func(b *testing.B) {
		heard.Store(0)
		body := event("t1", "e").Data
		server := httptest.NewServer(http.HandlerFunc(handler))
		defer server.Close()
		var posts sync.WaitGroup
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
		defer client.CloseIdleConnections()
		for range 32 {
			posts.Go(func() {
				for heard.Load() < events {
					resp, err := client.Post(server.URL, "application/json", bytes.NewReader(body))
					if err != nil {
						return
					}
					_ = resp.Body.Close()
				}
			})
		}
		posts.Wait()
		b.ReportMetric(float64(heard.Load())/b.Elapsed().Seconds(), "events/s")
	})
}

func deleteStreams(b *testing.B, cfg nats.Config) {
	conn, err := natsgo.Connect(cfg.URL)
	require.NoError(b, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(b, err)
	for _, kind := range []string{"EVENTS", "RETRY", "DEAD"} {
		_ = js.DeleteStream(context.Background(), strings.ToUpper(cfg.Prefix)+"_"+kind)
	}
}

func publish(b *testing.B, broker *nats.Broker, n int) {
	for i := 0; i < n; i += 1000 {
		batch := make([]dcoder.Envelope, 1000)
		for j := range batch {
			batch[j] = event(fmt.Sprint("t", j%20), fmt.Sprint("e", i+j))
		}
		require.NoError(b, broker.Publish(context.Background(), batch...))
	}
}
