package redis_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// workerEnv makes the test binary a worker: a process of its own with a ledger.
const workerEnv = "DCODER_LEDGER_WORKER"

// job is what a worker does: Calls at once, of which every second one is a
// stream that extends until it is refused or has what it wants.
type job struct {
	URL     string
	Tenant  string // several in turn, with commas between
	Limits  []dcoder.Limit
	Calls   int
	Tokens  int64 // that each call reserves, and a stream with every extension
	Money   int64
	Wants   int64 // tokens that a stream wants in all
	Settle  bool
	Expires time.Duration
	Hang    bool // never end: wait to be killed
}

// result is one call of a worker.
type result struct {
	ID       string
	Admitted bool
	Minute   int64 // of admission
	Err      string
	Tokens   int64 // reserved in the end
	Money    int64
}

func work() {
	var j job
	if err := json.Unmarshal([]byte(os.Getenv(workerEnv)), &j); err != nil {
		panic(err)
	}
	c, err := redis.Open(j.URL)
	if err != nil {
		panic(err)
	}
	l := redis.NewLedger(redis.Config{Client: c, Log: quiet(), Linger: 20 * time.Millisecond}) // some calls end before the kill, some do not
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range j.Calls {
		wg.Go(func() {
			tenants := strings.Split(j.Tenant, ",")
			j := j
			j.Tenant = tenants[i/2%len(tenants)]
			r := j.call(l, i%2 == 1)
			line, _ := json.Marshal(r)
			mu.Lock()
			defer mu.Unlock()
			fmt.Println("result", string(line))
		})
	}
	wg.Wait()
	if j.Hang {
		fmt.Println("hanging")
		select {}
	}
	if err := l.Drain(context.Background()); err != nil {
		panic(err)
	}
	l.Close()
	_ = c.Close()
}

func (j job) call(l *redis.Ledger, stream bool) result {
	a := admission(j.Tenant, j.Limits, j.Tokens, j.Money)
	a.Expires = j.Expires
	r := result{ID: a.ID}
	v, err := l.Admit(context.Background(), a)
	if err != nil {
		r.Err = err.Error()
		return r
	}
	if r.Admitted = v.Admitted; !v.Admitted {
		return r
	}
	r.Tokens, r.Money, r.Minute = j.Tokens, j.Money, v.Time.Unix()/60
	for stream && r.Tokens < j.Wants {
		more := llm.Amounts{Tokens: j.Tokens, Money: j.Money}
		w, err := l.Extend(context.Background(), &llm.Extension{
			Admission: a, Verdict: v, SoFar: dcoder.Tokens{Output: r.Tokens}, Cost: r.Money, More: more,
		})
		if err != nil {
			r.Err = err.Error()
		}
		if err != nil || !w.Admitted {
			break
		}
		r.Tokens, r.Money = r.Tokens+j.Tokens, r.Money+j.Money
	}
	if j.Settle && (!j.Hang || len(r.ID)%2 == 0 && r.ID[len(r.ID)-1]%2 == 0) {
		l.Settle(settlement(a, v, r.Tokens, r.Money))
	}
	return r
}

// worker starts a process.
func worker(t *testing.T, j job) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	text, err := json.Marshal(j)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

// results reads what a worker says until it ends or hangs.
func results(t *testing.T, out *bufio.Scanner) (all []result) {
	t.Helper()
	for out.Scan() {
		if out.Text() == "hanging" {
			return all
		}
		if line, ok := strings.CutPrefix(out.Text(), "result "); ok {
			var r result
			require.NoError(t, json.Unmarshal([]byte(line), &r))
			all = append(all, r)
		}
	}
	return all
}

// race runs the same job in two processes at once.
func race(t *testing.T, j job) (all []result) {
	t.Helper()
	cmd1, out1 := worker(t, j)
	cmd2, out2 := worker(t, j)
	var first []result
	var wg sync.WaitGroup
	wg.Go(func() { first = results(t, out1) })
	all = results(t, out2)
	wg.Wait()
	require.NoError(t, cmd1.Wait())
	require.NoError(t, cmd2.Wait())
	return append(all, first...)
}

func TestTwoProcessesNeverPassALimitAndRefuseNothingThatFits(t *testing.T) {
	t.Parallel()
	day := func(m dcoder.Metric, most int64) dcoder.Limit {
		return limit(dcoder.ScopeTenant, "", m, dcoder.WindowDay, most)
	}
	tests := []struct {
		name     string
		limits   []dcoder.Limit
		wants    int64
		admitted int   // exactly
		tokens   int64 // exactly, -1: any
	}{
		{"requests", []dcoder.Limit{day(dcoder.MetricRequests, 300)}, 0, 300, -1},
		{"tokens", []dcoder.Limit{day(dcoder.MetricTokens, 4_000)}, 0, 400, 4_000},
		{"money", []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricMoney, dcoder.WindowMonth, 1_234)}, 0, 411, -1},
		{"streams", []dcoder.Limit{day(dcoder.MetricTokens, 20_000)}, 40, -1, 20_000},
		{"everything fits", []dcoder.Limit{day(dcoder.MetricTokens, 25_000)}, 40, 1000, 25_000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, _, id, _ := opened(t)
			all := race(t, job{
				URL: patient(stacktest.Env(t).RedisURL), Tenant: id, Limits: tt.limits, Calls: 500, Tokens: 10, Money: 3, Wants: tt.wants,
			})
			require.Len(t, all, 1000)
			admitted, tokens, money := 0, int64(0), int64(0)
			for _, r := range all {
				require.Empty(t, r.Err)
				if r.Admitted {
					admitted++
				}
				tokens, money = tokens+r.Tokens, money+r.Money
			}
			if tt.admitted >= 0 {
				require.Equal(t, tt.admitted, admitted)
			}
			if tt.tokens >= 0 {
				require.Equal(t, tt.tokens, tokens)
			}
			for _, limit := range tt.limits {
				got := map[dcoder.Metric]int64{
					dcoder.MetricRequests: int64(admitted), dcoder.MetricTokens: tokens, dcoder.MetricMoney: money,
				}[limit.Metric]
				require.LessOrEqual(t, got, limit.Max)
			}
			v, err := l.Admit(context.Background(), admission(id, tt.limits, 10, 3))
			require.NoError(t, err)
			require.False(t, v.Admitted, "the last room was given away")
		})
	}
}

func TestTwoProcessesNeverPassAMinutesLimit(t *testing.T) {
	t.Parallel()
	_, _, id, _ := opened(t)
	all := race(t, job{
		URL: patient(stacktest.Env(t).RedisURL), Tenant: id, Calls: 500, Tokens: 10,
		Limits: []dcoder.Limit{limit(dcoder.ScopeKey, "k1", dcoder.MetricRequests, dcoder.WindowMinute, 300)},
	})
	minutes, admitted := map[int64]int{}, 0
	for _, r := range all {
		require.Empty(t, r.Err)
		if r.Admitted {
			minutes[r.Minute]++
			admitted++
		}
	}
	require.GreaterOrEqual(t, admitted, 300, "what fits is not refused")
	for _, n := range minutes {
		require.LessOrEqual(t, n, 300)
	}
	if len(minutes) == 1 {
		require.Equal(t, 300, admitted)
	}
}

func TestAKilledProcessLeavesOneRowForEachCall(t *testing.T) {
	t.Parallel()
	l, c, id, _ := opened(t)
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 1_000_000)}
	cmd, out := worker(t, job{
		URL: patient(stacktest.Env(t).RedisURL), Tenant: id, Limits: limits, Calls: 200, Tokens: 10, Money: 3, Wants: 30,
		Settle: true, Expires: time.Second, Hang: true,
	})
	all := results(t, out)
	require.Len(t, all, 200)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	ctx := context.Background()
	outbox := redis.NewOutbox(c)
	rows := map[string][]dcoder.UsageRecord{}
	require.Eventually(t, func() bool {
		_, err := l.SweepTenant(ctx, id)
		require.NoError(t, err)
		entries, err := outbox.Pending(ctx, id, 0, 10_000)
		require.NoError(t, err)
		clear(rows)
		for _, e := range entries {
			var records []dcoder.UsageRecord
			require.NoError(t, json.Unmarshal(e.Records, &records))
			for _, r := range records {
				rows[r.ID] = append(rows[r.ID], r)
			}
		}
		return len(rows) == 200
	}, 20*time.Second, 50*time.Millisecond)
	sum, lost := int64(0), 0
	for _, r := range all {
		require.Len(t, rows[r.ID], 1, "one row for each id")
		row := rows[r.ID][0]
		if row.State == dcoder.UsageLost {
			lost++
			require.True(t, row.Estimated)
			require.LessOrEqual(t, row.Tokens.Output, r.Tokens)
		}
		sum += row.Tokens.Output
	}
	require.Positive(t, lost)
	require.Less(t, lost, 200)
	v, err := l.Admit(ctx, admission(id, limits, 1_000_000-sum, 0))
	require.NoError(t, err)
	require.True(t, v.Admitted, "the counter is the sum of the rows: %+v", v.Exceeded)
	require.Zero(t, remaining(t, v, dcoder.MetricTokens, dcoder.WindowDay))
}
