package journal

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the file for this process without waiting. The locked byte lies
// far behind the end, since Windows keeps others from reading locked ones.
func lock(f *os.File) error {
	far := windows.Overlapped{OffsetHigh: 1 << 30}
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &far)
}
