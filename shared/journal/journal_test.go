package journal

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

func TestMain(m *testing.M) {
	if os.Getenv(childDir) != "" {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

var quiet = slog.New(slog.DiscardHandler)

func admission(id string) *llm.Admission {
	var limits []dcoder.Limit
	for _, s := range []dcoder.Scope{dcoder.ScopeKey, dcoder.ScopeGroup, dcoder.ScopeTenant} {
		for _, m := range []dcoder.Metric{dcoder.MetricRequests, dcoder.MetricTokens, dcoder.MetricMoney} {
			limits = append(limits, dcoder.Limit{Scope: s, Subject: "k23456789012", Metric: m, Window: dcoder.WindowMonth, Max: 1000, Action: dcoder.ActionDeny})
		}
	}
	return &llm.Admission{
		ID: id, Tenant: "tenant123456", Key: "k23456789012", Limits: limits, TimeZone: "Europe/Rome",
		Amounts: llm.Amounts{Requests: 1, Tokens: 500, Money: 77}, Expires: time.Minute,
		Intent: &dcoder.UsageRecord{
			V: 1, ID: id, Attempt: 1, Tenant: "tenant123456", Platform: dcoder.DefaultPlatform, Key: "k23456789012", Route: "/v1/chat/completions",
			ModelAsked: "fast", ModelServed: "gpt-4o-mini", Provider: "openai", Stream: true, Currency: "USD", PriceVersion: "2026-11", Tokens: dcoder.Tokens{Input: 9},
		},
	}
}

func verdict() llm.Verdict {
	return llm.Verdict{
		Admitted: true, TenantGen: 7, KeyGen: 8, Time: time.Unix(1_795_000_000, 123_456_000).UTC(), Epoch: "42",
		Entry: []byte("not kept"), Room: []llm.Room{{Remaining: 3}},
	}
}

// die ends a journal as a killed process does: the lock goes, the slots stay.
func (j *Journal) die(t testing.TB) {
	require.NoError(t, j.records.seal())
	if f := j.file; f != nil {
		j.unmap()
		require.NoError(t, f.Close())
	}
}

// collect recovers everything in dir.
func collect(t testing.TB, dir string) map[string]llm.Orphan {
	out := map[string]llm.Orphan{}
	_, err := Recover(t.Context(), dir, func(o llm.Orphan) error {
		require.NotContains(t, out, o.Record.ID, "each orphan once")
		out[o.Record.ID] = o
		return nil
	})
	require.NoError(t, err)
	return out
}

func files(t testing.TB, dir string) []string {
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	return names
}

func TestAnOrphanComesBackWhole(t *testing.T) {
	dir := t.TempDir()
	j := New(dir, quiet)
	m := j.Open(admission("a"), verdict())
	tokens := dcoder.Tokens{Input: 10, Output: 20, CachedInput: 1, CacheWrite5m: 2, CacheWrite1h: 3, Reasoning: 4, AudioInput: 5, AudioOutput: 6}
	m.Progress(dcoder.Tokens{Output: 1}, 1)
	m.Progress(tokens, 99)
	j.Open(admission("b"), verdict())
	require.Empty(t, collect(t, dir), "its owner lives")
	j.die(t)

	found := collect(t, dir)
	require.Len(t, found, 2)
	got, want := found["a"], admission("a")
	require.Equal(t, want, got.Admission)
	v := verdict()
	v.Entry, v.Room = nil, nil
	require.Equal(t, v, got.Verdict)
	require.False(t, got.Final)
	row := *want.Intent
	row.Revision, row.State, row.Estimated, row.Status, row.Time = 1, dcoder.UsageLost, true, 499, v.Time
	row.Tokens, row.Cost, row.CostBaseline = tokens, 99, 99
	require.Equal(t, row, got.Record)
	require.Equal(t, llm.Amounts{Requests: 1, Tokens: 30, Money: 99}, got.Settlement().Used)
	require.EqualValues(t, 9, found["b"].Record.Tokens.Input, "nothing received: what the intent says")
	require.Empty(t, files(t, dir), "settled files are removed")
}

func TestSettledButNotAcknowledged(t *testing.T) {
	dir := t.TempDir()
	j := New(dir, quiet)
	row := *admission("a").Intent
	row.Revision, row.Status, row.State, row.Tokens, row.Cost, row.TotalMS = 1, 200, dcoder.UsageFinal, dcoder.Tokens{Input: 10, Output: 21}, 5, 1234
	m := j.Open(admission("a"), verdict())
	m.Progress(dcoder.Tokens{Output: 20}, 4)
	m.Settled(&row)
	acknowledged := j.Open(admission("b"), verdict())
	acknowledged.Settled(&row)
	acknowledged.Close()
	j.die(t)
	found := collect(t, dir)
	require.Len(t, found, 1)
	require.True(t, found["a"].Final)
	require.Equal(t, row, found["a"].Record)
}

// TestAFinalRowThatDoesNotFit leaves its numbers.
func TestAFinalRowThatDoesNotFit(t *testing.T) {
	dir := t.TempDir()
	j := New(dir, quiet)
	m := j.Open(admission("a"), verdict())
	m.Settled(&dcoder.UsageRecord{ID: "a", RequestID: strings.Repeat("r", slotSize), Tokens: dcoder.Tokens{Output: 5}, Cost: 3})
	require.Equal(t, nowhere{}, j.Open(&llm.Admission{ID: strings.Repeat("x", slotSize)}, verdict()), "nor an admission that does not fit")
	j.die(t)
	found := collect(t, dir)
	require.Len(t, found, 1)
	require.False(t, found["a"].Final)
	require.Equal(t, dcoder.Tokens{Output: 5}, found["a"].Record.Tokens)
}

func TestClosedMarksDoNothing(t *testing.T) {
	dir := t.TempDir()
	j := New(dir, quiet)
	first := j.Open(admission("a"), verdict())
	first.Close()
	second := j.Open(admission("b"), verdict()) // in the same slot
	second.Progress(dcoder.Tokens{Output: 1}, 1)
	first.Progress(dcoder.Tokens{Output: 1000}, 1000)
	first.Settled(&dcoder.UsageRecord{ID: "a"})
	first.Close()
	j.die(t)
	found := collect(t, dir)
	require.Len(t, found, 1)
	require.EqualValues(t, 1, found["b"].Record.Tokens.Output)
}

// TestProgressIsNeverTorn stops a store after any number of its bytes: the
// reader sees the counters before it or those after it.
func TestProgressIsNeverTorn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := slot{mem: make([]byte, slotSize)}
		require.True(t, s.begin([]byte(`{}`)))
		draw := func(seq uint64) counters {
			n := rapid.Int64Range(0, 1<<40)
			return counters{seq: seq, tokens: dcoder.Tokens{Input: n.Draw(t, "in"), Output: n.Draw(t, "out"), Reasoning: n.Draw(t, "reasoning")}, cost: n.Draw(t, "cost")}
		}
		var before counters
		for seq := range uint64(rapid.IntRange(0, 5).Draw(t, "earlier")) {
			before = draw(seq + 1)
			s.count(&before)
		}
		after := draw(before.seq + 1)
		whole := slot{mem: bytes.Clone(s.mem)}
		whole.count(&after)
		at := atCopyA
		if after.seq%2 == 0 {
			at = atCopyB
		}
		cut := rapid.IntRange(0, counterWords*8).Draw(t, "cut")
		copy(s.mem[at:at+cut], whole.mem[at:])
		got, ok := readCounters(s.mem)
		if cut == counterWords*8 {
			require.Equal(t, after, got)
			return
		}
		require.Contains(t, []counters{before, after}, got, "its last bytes may be the same by chance")
		require.Equal(t, got.seq > 0, ok)
	})
}

// TestTornSlots are reported, and do not hide the others.
func TestTornSlots(t *testing.T) {
	dir := t.TempDir()
	j := New(dir, quiet)
	for _, id := range []string{"a", "b", "c", "d"} {
		j.Open(admission(id), verdict()).Progress(dcoder.Tokens{Output: 3}, 1)
	}
	for at, b := range map[int64]byte{ // in the slots of b, c and d
		headerSize + slotSize + atBody + 9:      'X', // the opening
		headerSize + 2*slotSize + atState:       0x7f,
		headerSize + 3*slotSize + atOpening + 3: 0xff, // an absurd length
	} {
		_, err := j.file.WriteAt([]byte{b}, at)
		require.NoError(t, err)
	}
	j.die(t)
	var found []string
	n, err := Recover(t.Context(), dir, func(o llm.Orphan) error {
		found = append(found, o.Record.ID)
		return nil
	})
	require.ErrorIs(t, err, errTorn)
	require.Equal(t, 1, n)
	require.Equal(t, []string{"a"}, found)
	require.Empty(t, files(t, dir), "what is torn can never be settled")
}

func TestWhatCannotBeSettledStays(t *testing.T) {
	dir := t.TempDir()
	j := New(dir, quiet)
	for _, id := range []string{"a", "b", "c"} {
		j.Open(admission(id), verdict())
	}
	require.NoError(t, j.Append(dcoder.UsageRecord{ID: "r1"}, dcoder.UsageRecord{ID: "r2"}))
	j.die(t)
	down := errors.New("Redis is down")
	n, err := Recover(t.Context(), dir, func(o llm.Orphan) error {
		if o.Record.ID == "b" || o.Record.ID == "r2" {
			return down
		}
		return nil
	})
	require.ErrorIs(t, err, down)
	require.Equal(t, 3, n)
	rest := collect(t, dir)
	require.Len(t, rest, 2, "what was settled does not come again")
	require.Nil(t, rest["r2"].Admission)
	require.NotNil(t, rest["b"].Admission)
	require.Empty(t, files(t, dir))
}

// TestADeadLedgerIsAskedFewTimes ends a pass early, and loses nothing by it.
func TestADeadLedgerIsAskedFewTimes(t *testing.T) {
	dir := t.TempDir()
	j := New(dir, quiet)
	for range 50 {
		j.Open(admission(dcoder.NewID()), verdict())
	}
	j.die(t)
	asked := 0
	n, err := Recover(t.Context(), dir, func(llm.Orphan) error {
		asked++
		return errors.New("down")
	})
	require.Error(t, err)
	require.Zero(t, n)
	require.Equal(t, mostFailures, asked)
	require.Len(t, collect(t, dir), 50)
}

// TestManyRecoverersAtOnce get each orphan once between them, while new
// journals begin in the same directory.
func TestManyRecoverersAtOnce(t *testing.T) {
	dir := t.TempDir()
	const processes, calls, recoverers = 20, 30, 6
	want := 0
	for range processes {
		j := New(dir, quiet)
		for range calls {
			j.Open(admission(dcoder.NewID()), verdict())
			want++
		}
		require.NoError(t, j.Append(dcoder.UsageRecord{ID: dcoder.NewID()}))
		want++
		j.die(t)
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var all sync.WaitGroup
	living := New(dir, quiet)
	for range recoverers {
		all.Go(func() {
			for range 5 {
				_, err := Recover(t.Context(), dir, func(o llm.Orphan) error {
					mu.Lock()
					defer mu.Unlock()
					seen[o.Record.ID]++
					return nil
				})
				require.NoError(t, err)
				other := New(dir, quiet)
				other.Open(admission("of a living process"), verdict()).Close()
				require.NoError(t, other.Close())
			}
		})
	}
	living.Open(admission("living"), verdict())
	all.Wait()
	require.Len(t, seen, want)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
	living.die(t)
	require.Contains(t, collect(t, dir), "living")
}

func TestWithoutADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, dir := range []string{"", filepath.Join(file, "journal")} {
		var said bytes.Buffer
		j := New(dir, slog.New(slog.NewTextHandler(&said, nil)))
		for range 3 {
			m := j.Open(admission("a"), verdict())
			m.Progress(dcoder.Tokens{Output: 1}, 1)
			m.Settled(&dcoder.UsageRecord{})
			m.Close()
		}
		require.Equal(t, 1, strings.Count(said.String(), "no journal"), "said once")
		require.ErrorIs(t, j.Append(dcoder.UsageRecord{ID: "r"}), llm.ErrNoJournal)
		n, err := j.Recover(t.Context(), func(llm.Orphan) error { return nil })
		if dir == "" {
			require.NoError(t, err)
		}
		require.Zero(t, n)
		require.NoError(t, j.Close())
	}
	n, err := Recover(t.Context(), filepath.Join(t.TempDir(), "absent"), nil)
	require.NoError(t, err)
	require.Zero(t, n)
}

// TestManyCalls takes and frees slots from many goroutines, and goes without
// when there is none left.
func TestManyCalls(t *testing.T) {
	j := New(t.TempDir(), quiet)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 50 {
				m := j.Open(admission("x"), verdict())
				m.Progress(dcoder.Tokens{Output: 1}, 1)
				m.Close()
			}
		})
	}
	all.Wait()
	require.LessOrEqual(t, j.slots, 32, "slots are used again")
	require.Zero(t, j.taken)
	for range mostSlots {
		require.IsType(t, &mark{}, j.Open(admission("x"), verdict()))
	}
	require.Equal(t, nowhere{}, j.Open(admission("x"), verdict()), "bounded")
	require.NoError(t, j.Close())
	require.Len(t, files(t, j.dir), 1, "with open calls the file stays")
	j.die(t)
}

func TestClose(t *testing.T) {
	j := New(t.TempDir(), quiet)
	m := j.Open(admission("a"), verdict())
	m.Close()
	require.NoError(t, j.Append(dcoder.UsageRecord{ID: "r"}))
	require.NoError(t, j.Close())
	require.Len(t, files(t, j.dir), 1, "only the record waits")
	require.Contains(t, collect(t, j.dir), "r")
}

// TestRun hands on at the start, and what this process could not deliver later.
func TestRun(t *testing.T) {
	j := New(t.TempDir(), quiet)
	require.NoError(t, j.Append(dcoder.UsageRecord{ID: "r1"}))
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan string)
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.Run(ctx, time.Millisecond, func(o llm.Orphan) error {
			got <- o.Record.ID
			return nil
		})
	}()
	require.Equal(t, "r1", <-got)
	require.NoError(t, j.Append(dcoder.UsageRecord{ID: "r2"}))
	require.Equal(t, "r2", <-got)
	cancel()
	<-done
}

func TestATornRecordHidesNoOther(t *testing.T) {
	dir := t.TempDir()
	j := New(dir, quiet)
	require.NoError(t, j.Append(dcoder.UsageRecord{ID: "r1"}, dcoder.UsageRecord{ID: "r2"}, dcoder.UsageRecord{ID: "r3"}))
	raw, err := os.ReadFile(j.records.file.path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(j.records.file.path, bytes.Replace(raw, []byte("r2"), []byte("XX"), 1)[:len(raw)-1], 0o600))
	j.die(t)
	var got []string
	_, err = Recover(t.Context(), dir, func(o llm.Orphan) error {
		got = append(got, o.Record.ID)
		return nil
	})
	require.ErrorIs(t, err, errTorn)
	require.Equal(t, []string{"r1"}, got, "r2 is torn, r3 was never whole")
}

// FuzzReaders reads any bytes as both kinds of file.
func FuzzReaders(f *testing.F) {
	dir := f.TempDir()
	j := New(dir, quiet)
	j.Open(admission("a"), verdict()).Progress(dcoder.Tokens{Output: 3}, 1)
	j.Open(admission("b"), verdict()).Settled(&dcoder.UsageRecord{ID: "b"})
	require.NoError(f, j.Append(dcoder.UsageRecord{ID: "r"}))
	j.die(f)
	for _, name := range files(f, dir) {
		raw, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(raw[:min(len(raw), headerSize+2*slotSize)])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, read := range []readFunc{readSlots, readRecords} {
			n := 0
			read(bytes.NewReader(raw), int64(len(raw)), func(o found, err error) bool {
				n++
				if err == nil {
					require.LessOrEqual(t, o.at+4, int64(len(raw)))
				}
				return true
			})
			require.LessOrEqual(t, n, len(raw))
		}
	})
}
