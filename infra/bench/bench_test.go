package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/bench/load"
	"github.com/d-coder-ai/dcoder/infra/bench/upstream"
)

// TestMain plays the roles of the children: the test program starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "role-") {
		if run(context.Background(), os.Args[1:]) != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestRequestsAreWhatTheySay(t *testing.T) {
	for _, c := range allCells() {
		body := c.render("gpt-4o-mini")
		assert.Len(t, body, c.body, c)
		var asked struct {
			Model    string
			Stream   bool
			User     string
			Messages []struct{ Role, Content string }
		}
		require.NoError(t, json.Unmarshal([]byte(body), &asked), c)
		assert.Equal(t, c.stream, asked.Stream)
		assert.Equal(t, c.slow, asked.User != "")
		assert.NotEmpty(t, asked.Messages[0].Content)
	}
	assert.Len(t, allCells(), 48)
	keys := make([]string, manyTenants)
	assert.Len(t, cell{tenants: 1, body: 1000}.requests("h", "m", keys), 1)
	assert.Len(t, cell{tenants: manyTenants, body: 1000}.requests("h", "m", keys), manyTenants)
}

func TestMatching(t *testing.T) {
	got, err := matching(allCells(), "^instant/c32/1KB/whole/t1$")
	require.NoError(t, err)
	assert.Equal(t, []cell{{conns: 32, body: 1000, tenants: 1}}, got)
	_, err = matching(allCells(), "nothing")
	assert.ErrorContains(t, err, "matches none")
	_, err = matching(allCells(), "(")
	assert.ErrorContains(t, err, "-only")
}

// The children really run: both targets answer both kinds of request, and the
// upstream's answers are what an OpenAI client expects.
func TestTargetsAnswer(t *testing.T) {
	bed, err := newTestbed(t.Context(), &options{targets: "proxy,direct"})
	require.NoError(t, err)
	defer bed.close()
	require.Len(t, bed.targets, 2)
	for _, target := range bed.targets {
		for _, c := range []cell{
			{conns: 2, body: 1000, tenants: 2},
			{conns: 2, body: 1000, tenants: 1, stream: true},
			{conns: 2, body: 100_000, tenants: 1, slow: true},
		} {
			s := answered(t, target, c)
			assert.Zero(t, s.failed, "%s %s: %s", target.name, c, s.failure)
			assert.Positive(t, s.answers, "%s %s", target.name, c)
			assert.Positive(t, s.resident)
		}
		assertOpenAI(t, target.addr)
	}
}

// answered measures until a window saw an answer, however busy the machine is.
func answered(t *testing.T, target *target, c cell) sample {
	t.Helper()
	for window := 50 * time.Millisecond; ; window *= 2 {
		s, err := once(t.Context(), target, c, &options{window: window})
		require.NoError(t, err)
		if s.answers > 0 || window > 10*time.Second {
			return s
		}
	}
}

func assertOpenAI(t *testing.T, addr string) {
	t.Helper()
	whole := ask(t, addr, cell{body: 1000})
	var answer struct {
		Choices []struct{ Message struct{ Content string } }
		Usage   struct {
			Total int `json:"total_tokens"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(whole), &answer))
	assert.Len(t, answer.Choices[0].Message.Content, upstream.ContentBytes)
	assert.Equal(t, 328, answer.Usage.Total)

	stream := ask(t, addr, cell{body: 1000, stream: true})
	events := strings.Split(strings.TrimSuffix(stream, "\n\n"), "\n\n")
	assert.Len(t, events, 1+upstream.Events+3)
	assert.Equal(t, "data: [DONE]", events[len(events)-1])
	for _, e := range events[:len(events)-1] {
		assert.True(t, json.Valid([]byte(strings.TrimPrefix(e, "data: "))), e)
	}
}

func ask(t *testing.T, addr string, c cell) string {
	t.Helper()
	res, err := http.Post("http://"+addr+"/v1/chat/completions", "application/json", strings.NewReader(c.render("m")))
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, 200, res.StatusCode)
	return string(raw)
}

func TestUpstreamTakesChunkedRequests(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	go func() { _ = upstream.Serve(l) }()
	for range 2 {
		body := io.MultiReader(strings.NewReader(cell{body: 1000, stream: true}.render("m"))) // hides its length
		res, err := http.Post("http://"+l.Addr().String(), "application/json", body)
		require.NoError(t, err)
		raw, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		_ = res.Body.Close()
		assert.True(t, strings.HasSuffix(string(raw), upstream.StreamEnd))
	}
}

func TestCompare(t *testing.T) {
	targets := []*target{{name: nameGateway}, {name: nameProxy}, {name: nameDirect}}
	us := time.Microsecond
	round := func(rate float64, p50, cpu, store time.Duration) sample {
		return sample{rate: rate, p50: p50, cpu: cpu, store: store, answers: 10, resident: 2e6}
	}
	rows := compare(cell{}, targets, []samples{
		{round(150, 130*us, 600*us, 300*us), round(60, 260*us, 700*us, 300*us), round(300, 130*us, 500*us, 300*us)},
		{round(100, 120*us, 1000*us, 0), round(50, 240*us, 1000*us, 0), round(100, 120*us, 1000*us, 0)},
		{round(900, 100*us, 1*us, 0), round(450, 200*us, 1*us, 0), round(900, 100*us, 1*us, 0)},
	})
	g, p, d := rows[0], rows[1], rows[2]
	assert.InDelta(t, 150, g.rate, 1e-9)
	assert.InDelta(t, 1.5, g.rateRatio, 1e-9, "the median of 1.5, 1.2 and 3: each against its own round")
	assert.InDelta(t, 30, g.added, 1e-9)
	assert.InDelta(t, 1.5, g.addedRatio, 1e-9)
	assert.InDelta(t, 90, g.cpu, 1e-9, "2.7 ms over 30 answers, Redis included")
	assert.InDelta(t, 0.9, g.cpuRatio, 1e-9)
	assert.InDelta(t, 30, g.store, 1e-9)
	assert.InDelta(t, 2, g.resident, 1e-9)
	assert.InDelta(t, 1, p.rateRatio, 1e-9)
	assert.InDelta(t, 0, d.added, 1e-9)

	alone := compare(cell{}, targets[:1], []samples{{round(1, us, us, 0)}})
	assert.True(t, math.IsNaN(alone[0].rateRatio) && math.IsNaN(alone[0].cpuRatio) && math.IsNaN(alone[0].added))
}

func TestFailuresAreNotPassedOver(t *testing.T) {
	assert.NoError(t, failures([]row{{rate: 1}}))
	assert.ErrorContains(t, failures([]row{{rate: 1, failed: 2, failure: "status 500"}}), "status 500")
	assert.ErrorContains(t, failures([]row{{}}), "no answer")
}

func TestSampleOfAResult(t *testing.T) {
	s := newSample(&load.Result{
		Latencies: []time.Duration{1, 2, 3, 4}, Firsts: []time.Duration{1, 1, 2, 2}, Elapsed: 2 * time.Second, Failed: 1,
	}, usage{cpu: 5, store: 1, resident: 9}, usage{cpu: 8, store: 3, resident: 7})
	assert.Equal(t, sample{rate: 2, p50: 2, p99: 4, first: 1, cpu: 3, store: 2, answers: 4, resident: 7, failed: 1}, s)
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	printTable(&b, []row{{cell: cell{conns: 32, body: 1000, tenants: 1}, target: "direct", rate: 10, rateRatio: math.NaN(), added: math.NaN(), addedRatio: math.NaN(), cpuRatio: 1.25}})
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	require.Len(t, lines, 2)
	assert.Contains(t, strings.Join(strings.Fields(lines[1]), " "), "instant 32 1KB whole 1 direct 10 - 0 0 0 - - 0 1.25")
	b.Reset()
	printFacts(&b)
	assert.Contains(t, b.String(), "CPUs")
	assert.NotContains(t, b.String(), "unknown")
}

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-quick"})
	require.NoError(t, err)
	assert.Equal(t, 3, o.rounds)
	o, err = parseOptions(nil)
	require.NoError(t, err)
	assert.Equal(t, time.Second, o.window)
	assert.True(t, o.wants(nameProxy))
	_, err = parseOptions([]string{"everything"})
	assert.ErrorContains(t, err, "everything")
}
