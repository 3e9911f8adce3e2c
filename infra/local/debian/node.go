package debian

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Debian's node loads parts of itself from a folder whose name is compiled in. Its wrapper opens that folder under
// the prefix as file 9, and the compiled-in name becomes another name, of the same length, of that open file.
const (
	nodeScripts  = "/usr/share/nodejs/"
	nodeScripts9 = "/proc/self/fd/9///"
)

// relocateNode makes a wrapped node in tree work where the tree is going to stand; a tree without node is left alone.
func relocateNode(tree, home string) error {
	libraries, err := filepath.Glob(filepath.Join(tree, "usr/lib/*-linux-gnu/libnode.so.*"))
	if err != nil {
		return err
	}
	for _, library := range libraries {
		open := "#!/bin/sh\nexec 9<" + quote(filepath.Join(home, nodeScripts)) + "\n"
		err = errors.Join(
			err,
			rewrite(library, nodeScripts, nodeScripts9),
			rewrite(filepath.Join(tree, "usr/bin/node"), "#!/bin/sh\n", open),
		)
	}
	return err
}

// rewrite replaces one text by another in a file; a link is left alone.
func rewrite(path, from, to string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, bytes.ReplaceAll(text, []byte(from), []byte(to)), info.Mode())
}
