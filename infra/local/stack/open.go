package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// serverUID is the user for servers that refuse to be root; 0 says the caller's own.
func serverUID() int {
	if os.Getuid() != 0 {
		return 0
	}
	if nobody, err := user.Lookup("nobody"); err == nil {
		if uid, err := strconv.Atoi(nobody.Uid); err == nil {
			return uid
		}
	}
	return 65534
}

// shared are the parts of a site that servers which refuse to be root must reach.
var shared = map[string]bool{"debian": true, "postgres": true}

// openBase is the folder for the shared parts: the site's own, unless we are root and other users may not enter it,
// as under /root. Then it is a folder under /var/tmp that only we may write to.
func openBase(dir string) (string, error) {
	if os.Getuid() != 0 || enterable(dir) {
		return dir, nil
	}
	sum := sha256.Sum256([]byte(dir))
	base := "/var/tmp/dcoder-" + hex.EncodeToString(sum[:6])
	if err := os.Mkdir(base, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(base)
	if err != nil {
		return "", err
	}
	if stat, is := info.Sys().(*syscall.Stat_t); !info.IsDir() || !is || stat.Uid != 0 {
		return "", fmt.Errorf("%s is not a folder of ours: remove it", base)
	}
	return base, os.Chmod(base, 0o755)
}

// enterable reports whether every user may enter the folder and all above it.
func enterable(folder string) bool {
	for {
		info, err := os.Stat(folder)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if folder == filepath.Dir(folder) {
			return true
		}
		folder = filepath.Dir(folder)
	}
}

// link lets the shared parts be found under the site's folder when they stand elsewhere.
func (s *Site) link() error {
	if s.base == s.Dir {
		return nil
	}
	for part := range shared {
		name := filepath.Join(s.Dir, part)
		if at, err := os.Readlink(name); err == nil && at == s.path(part) {
			continue
		}
		if err := replaceLink(s.path(part), name); err != nil {
			return err
		}
	}
	return nil
}

// replaceLink makes name lead to target, whatever it was, also while another
// program does the same.
func replaceLink(target, name string) error {
	fresh := name + "." + strconv.Itoa(os.Getpid())
	if err := errors.Join(os.RemoveAll(fresh), os.Symlink(target, fresh)); err != nil {
		return err
	}
	if os.Rename(fresh, name) == nil {
		return nil
	}
	return errors.Join(os.RemoveAll(name), os.Rename(fresh, name)) // it was a folder
}
