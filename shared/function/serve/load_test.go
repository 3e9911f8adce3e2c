package serve

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// TestLoad: whatever comes and goes, the caps hold, nobody alone is held below
// the reserve, a newcomer gets in while a slot is free, and all is given back.
func TestLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots, room := rapid.IntRange(2, 40).Draw(t, "slots"), int64(1000)
		l := newLoad(slots, room)
		type request struct {
			tenant string
			bytes  int64
		}
		var running []request
		mine := func(tenant string) (n int) {
			for _, r := range running {
				if r.tenant == tenant {
					n++
				}
			}
			return n
		}
		var bytes int64
		t.Repeat(map[string]func(*rapid.T){
			"come": func(t *rapid.T) {
				r := request{rapid.SampledFrom([]string{"hog", "hog", "hog", "b", "c"}).Draw(t, "tenant"), rapid.Int64Range(0, 200).Draw(t, "bytes")}
				err := l.Enter(r.bytes)
				require.Equal(t, len(running) < slots && bytes+r.bytes <= room, err == nil)
				if err != nil {
					require.Equal(t, 503, dcoder.AsError(err).Status)
					return
				}
				n := mine(r.tenant)
				alone := n == len(running)
				err = l.Hold(r.tenant)
				switch {
				case n < max(slots/2, 1):
					require.NoError(t, err, "below half nobody is refused")
				case !alone:
					require.Error(t, err, "beyond half only when alone")
				default:
					require.Equal(t, n < slots-slots/8, err == nil, "alone: all but the reserve")
				}
				if err != nil {
					l.Leave(r.bytes)
					return
				}
				running, bytes = append(running, r), bytes+r.bytes
			},
			"go": func(t *rapid.T) {
				if len(running) == 0 {
					t.Skip("nobody is in")
				}
				i := rapid.IntRange(0, len(running)-1).Draw(t, "who")
				l.Release(running[i].tenant)
				l.Leave(running[i].bytes)
				bytes -= running[i].bytes
				running = append(running[:i], running[i+1:]...)
			},
			"grow": func(t *rapid.T) {
				if len(running) == 0 {
					t.Skip("nobody is in")
				}
				n := rapid.Int64Range(0, 500).Draw(t, "n")
				err := l.Grow(n)
				require.Equal(t, bytes+n <= room, err == nil)
				if err == nil {
					running[0].bytes += n
					bytes += n
				}
			},
			"": func(t *rapid.T) {
				n, ready := l.status()
				require.Equal(t, len(running), n)
				require.True(t, ready)
				require.Equal(t, bytes, l.bytes)
				require.LessOrEqual(t, n, slots)
			},
		})
		idle := l.drain()
		require.ErrorIs(t, l.Enter(0), function.ErrDraining)
		for _, r := range running {
			select {
			case <-idle:
				t.Fatal("idle too early")
			default:
			}
			l.Release(r.tenant)
			l.Leave(r.bytes)
		}
		<-idle
		require.Empty(t, l.held)
		require.Zero(t, l.heldAll)
	})
}

func TestMemoryLimit(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		want       int64
	}{
		"version 2":       {"sys/fs/cgroup/memory.max", "134217728\n", 128 << 20},
		"version 2, none": {"sys/fs/cgroup/memory.max", "max\n", 0},
		"version 1":       {"sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n", 128 << 20},
		"version 1, none": {"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n", 0},
		"no cgroup":       {"other", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir() + "/"
			require.NoError(t, os.MkdirAll(filepath.Dir(root+c.file), 0o755))
			require.NoError(t, os.WriteFile(root+c.file, []byte(c.text), 0o600))
			require.Equal(t, c.want, memoryLimit(root))
		})
	}
	require.EqualValues(t, 7, bodyRoom(7, 100))
	require.EqualValues(t, 25, bodyRoom(0, 100))
	require.EqualValues(t, 256<<20, bodyRoom(0, 0))
}

// BenchmarkGate is what shedding costs a request.
func BenchmarkGate(b *testing.B) {
	l := newLoad(1024, 1<<30)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_ = l.Enter(1000)
			_ = l.Hold("acme00000000")
			l.Release("acme00000000")
			l.Leave(1000)
		}
	})
}
