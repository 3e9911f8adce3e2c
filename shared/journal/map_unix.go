//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package journal

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mapSlots makes size bytes of the file at offset at, really allocated (a store
// into a hole of a full disk would kill the process), and maps them.
func mapSlots(f *os.File, at int64, size int) ([]byte, error) {
	if _, err := f.WriteAt(make([]byte, size), at); err != nil {
		return nil, fmt.Errorf("allocate: %w", err)
	}
	return unix.Mmap(int(f.Fd()), at, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

func unmapSlots(mem []byte) error { return unix.Munmap(mem) }

// flush has nothing to do: the memory is the file.
func (slot) flush(int, int) {}

// lock takes the file for this process without waiting; the kernel gives it back
// when the last descriptor and the last mapping are gone: at the process's end,
// however it ends.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
