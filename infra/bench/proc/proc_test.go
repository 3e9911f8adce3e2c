package proc

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseStat(t *testing.T) {
	const stat = "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 9 0 100 1 1"
	got, err := parseStat([]byte(stat))
	require.NoError(t, err)
	assert.Equal(t, 2*time.Second, got)
	for _, bad := range []string{"", "42 (x", "42 (x) S 1 2", "42 (x) S 1 2 3 4 5 6 7 8 9 10 a b 0"} {
		_, err := parseStat([]byte(bad))
		assert.ErrorIs(t, err, errStat, bad)
	}
}

func TestParseSchedstat(t *testing.T) {
	got, err := parseSchedstat([]byte("55123994 49368322 114\n"))
	require.NoError(t, err)
	assert.Equal(t, 55123994*time.Nanosecond, got)
	for _, bad := range []string{"", "1 2", "x 2 3"} {
		_, err := parseSchedstat([]byte(bad))
		assert.ErrorIs(t, err, errStat, bad)
	}
}

func TestCPUGrowsWithWork(t *testing.T) {
	before, err := CPU(os.Getpid())
	require.NoError(t, err)
	sum := 0
	for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
		sum++
	}
	require.Positive(t, sum)
	require.Eventually(t, func() bool {
		after, err := CPU(os.Getpid())
		return err == nil && after > before
	}, 10*time.Second, time.Millisecond)
	_, err = CPU(1 << 30)
	assert.Error(t, err)
}

func TestResident(t *testing.T) {
	n, err := Resident(os.Getpid())
	require.NoError(t, err)
	assert.Greater(t, n, int64(1<<20))
	_, err = Resident(1 << 30)
	assert.Error(t, err)
}

func TestTailKeepsTheLastWholeLines(t *testing.T) {
	var tail Tail
	for i := range 1000 {
		n, err := fmt.Fprintf(&tail, "line %d\n", i)
		require.NoError(t, err)
		require.Positive(t, n)
	}
	lines := strings.Split(strings.TrimSpace(tail.String()), "\n")
	assert.Equal(t, "line 999", lines[len(lines)-1])
	assert.Regexp(t, `^line \d{3}$`, lines[0])
	assert.Greater(t, len(lines), 300)
	short := Tail{}
	_, _ = short.Write([]byte("all"))
	assert.Equal(t, "all", short.String())
}
