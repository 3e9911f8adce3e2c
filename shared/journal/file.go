package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

const (
	slotSuffix   = ".slots"
	recordSuffix = ".records"
	mostTries    = 5
)

// locked is a file that this process alone may write to.
type locked struct {
	*os.File
	path string
}

var (
	errNoDir = errors.New("no directory is configured")
	errStrip = errors.New("recoverers took every new file")
)

// create makes a locked file with a header. Between the making and the lock a
// recoverer may take the empty file for a dead process's: then another is made.
func create(dir, suffix string, header []byte) (*locked, error) {
	if dir == "" {
		return nil, errNoDir
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory: %w", err)
	}
	for range mostTries {
		path := filepath.Join(dir, dcoder.NewID()+suffix)
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, fmt.Errorf("make the file: %w", err)
		}
		if err := lock(f); errors.Is(err, errors.ErrUnsupported) {
			return nil, errors.Join(err, f.Close(), os.Remove(path))
		} else if err != nil || !still(f, path) {
			_ = f.Close() // it is the recoverer's now
			continue
		}
		if _, err := f.Write(header); err != nil {
			return nil, errors.Join(fmt.Errorf("write the header: %w", err), os.Remove(path), f.Close())
		}
		return &locked{f, path}, nil
	}
	return nil, errStrip
}

// adopt opens and locks a file that a dead process left. It returns nil when
// the owner lives, another recoverer has it, or it is gone.
func adopt(path string) (*locked, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	if lock(f) != nil || !still(f, path) {
		return nil, f.Close()
	}
	return &locked{f, path}, nil
}

// still reports whether path is the file that f is: another recoverer may have
// settled and removed it between the opening and the lock.
func still(f *os.File, path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	theirs, err := os.Stat(path)
	return err == nil && os.SameFile(ours, theirs)
}

// remove deletes the file while it is still locked, so that nobody adopts it.
func (l *locked) remove() error { return errors.Join(os.Remove(l.path), l.Close()) }
