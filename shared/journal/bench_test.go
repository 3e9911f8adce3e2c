//go:build linux || darwin

package journal

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// cpuTime reports the processor's time of an operation beside the clock's: on a
// busy machine only the first is the operation's own.
func cpuTime(b *testing.B) func() {
	begun := spent()
	return func() { b.ReportMetric(float64(spent()-begun)/float64(b.N), "cpu-ns/op") }
}

func spent() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // never fails for the process itself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkProgress stands beside what a system call for each chunk would cost.
func BenchmarkProgress(b *testing.B) {
	b.Run("mapped", func(b *testing.B) {
		j := New(b.TempDir(), quiet)
		m := j.Open(admission("a"), verdict())
		b.ReportAllocs()
		defer cpuTime(b)()
		for n := int64(0); b.Loop(); n++ {
			m.Progress(dcoder.Tokens{Input: 7, Output: n}, n)
		}
		j.die(b)
	})
	b.Run("baseline-pwrite", func(b *testing.B) {
		f, err := os.Create(b.TempDir() + "/f")
		require.NoError(b, err)
		var buf [counterWords * 8]byte
		b.ReportAllocs()
		defer cpuTime(b)()
		for n := uint64(0); b.Loop(); n++ {
			c := counters{seq: n}
			c.put(&buf)
			_, _ = f.WriteAt(buf[:], atCopyA)
		}
		require.NoError(b, f.Close())
	})
}

func BenchmarkOpenSettledClose(b *testing.B) {
	j := New(b.TempDir(), quiet)
	a, v := admission("a"), verdict()
	row := *a.Intent
	row.Time = time.Unix(1, 0)
	b.ReportAllocs()
	defer cpuTime(b)()
	for b.Loop() {
		m := j.Open(a, v)
		m.Settled(&row)
		m.Close()
	}
	j.die(b)
}
