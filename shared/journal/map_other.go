//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package journal

import "os"

// mapSlots makes size bytes of the file at offset at, and a copy of them in
// memory that flush writes through.
func mapSlots(f *os.File, at int64, size int) ([]byte, error) {
	mem := make([]byte, size)
	_, err := f.WriteAt(mem, at)
	return mem, err
}

func unmapSlots([]byte) error { return nil }

// flush writes n bytes of the slot at offset off to its file.
func (s slot) flush(off, n int) {
	_, _ = s.file.WriteAt(s.mem[off:off+n], s.at+int64(off)) // a failure leaves the heartbeat to count
}
