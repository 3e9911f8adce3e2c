//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package journal

import (
	"errors"
	"os"
)

// lock says that there is none: without it a successor cannot tell the dead from
// the living, so there is no journal.
func lock(*os.File) error { return errors.ErrUnsupported }
