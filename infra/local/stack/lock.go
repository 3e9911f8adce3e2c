package stack

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Lock lets one command at a time change the site; the system drops it when the holder ends, however it ends.
func (s *Site) Lock(ctx context.Context) (unlock func(), err error) {
	file, err := os.OpenFile(s.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for told := false; ; told = true {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			s.guard = file
			return func() { _ = file.Close() }, s.recall() // another may have chosen ports meanwhile
		}
		if !told {
			s.Say("stack", "waiting for another make up, down or reset to end")
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("waiting for the lock: %w", ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
