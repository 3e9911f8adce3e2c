package debian

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// programs are the folders whose ELF files get wrappers.
var programs = []string{"usr/bin", "usr/sbin", "usr/lib/postgresql/17/bin"}

// wrapAll replaces each program in tree by a script that runs it with the loader and libraries of home, where the
// tree is going to stand.
func wrapAll(tree, home string) error {
	loader, err := loaderIn(tree)
	if err != nil {
		return err
	}
	libraries, err := libraryPath(tree, home)
	if err != nil {
		return err
	}
	runner := quote(filepath.Join(home, loader)) + " --library-path " + quote(libraries)
	for _, folder := range programs {
		if err := wrapFolder(filepath.Join(tree, folder), filepath.Join(home, folder), runner); err != nil {
			return fmt.Errorf("wrapping the programs in %s: %w", folder, err)
		}
	}
	return nil
}

// wrapFolder wraps the programs first and then the links to them: one program goes by several names.
func wrapFolder(folder, home, runner string) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if entry.Type().IsRegular() && isELF(path) {
			if err := wrap(path, home, runner); err != nil {
				return err
			}
		}
	}
	for _, entry := range entries {
		if entry.Type()&os.ModeSymlink == 0 {
			continue
		}
		if err := wrapLink(filepath.Join(folder, entry.Name()), home, runner); err != nil {
			return err
		}
	}
	return nil
}

func wrap(path, home, runner string) error {
	if err := os.Rename(path, path+".elf"); err != nil {
		return err
	}
	return writeScript(path, filepath.Join(home, filepath.Base(path)), runner)
}

// wrapLink makes a link to a wrapped neighbour a wrapper with the link's own name.
func wrapLink(path, home, runner string) error {
	target, err := os.Readlink(path)
	if err != nil || strings.Contains(target, "/") {
		return err
	}
	program := filepath.Join(filepath.Dir(path), target+".elf")
	if _, err := os.Stat(program); os.IsNotExist(err) { // it leads to a script
		return nil
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return writeScript(path, filepath.Join(home, target), runner)
}

// writeScript makes path run program.elf under the script's own name: Postgres finds its files by that name, and
// Redis decides by it which program it is.
func writeScript(path, program, runner string) error {
	script := fmt.Sprintf("#!/bin/sh\nexec %s --argv0 \"$0\" %s \"$@\"\n", runner, quote(program+".elf"))
	return os.WriteFile(path, []byte(script), 0o755)
}

func isELF(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	magic := make([]byte, 4)
	n, _ := file.Read(magic)
	return bytes.Equal(magic[:n], []byte("\x7fELF"))
}

// loaderIn is the path, within tree, of libc's dynamic loader.
func loaderIn(tree string) (string, error) {
	for _, pattern := range []string{"usr/lib/*-linux-gnu/ld-linux-*.so.*", "usr/lib/ld-linux-*.so.*", "lib/*-linux-gnu/ld-linux-*.so.*"} {
		found, err := filepath.Glob(filepath.Join(tree, pattern))
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return filepath.Rel(tree, found[0])
		}
	}
	return "", fmt.Errorf("no dynamic loader among the unpacked packages")
}

// libraryPath lists the folders of tree that hold shared libraries, as they will be named under home.
func libraryPath(tree, home string) (string, error) {
	var folders []string
	for _, pattern := range []string{"usr/lib/*-linux-gnu", "lib/*-linux-gnu"} {
		found, err := filepath.Glob(filepath.Join(tree, pattern))
		if err != nil {
			return "", err
		}
		folders = append(folders, found...)
	}
	for i, folder := range folders {
		within, err := filepath.Rel(tree, folder)
		if err != nil {
			return "", err
		}
		folders[i] = filepath.Join(home, within)
	}
	return strings.Join(folders, ":"), nil
}

func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
