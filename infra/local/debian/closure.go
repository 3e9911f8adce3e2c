package debian

import (
	"slices"
	"strconv"
	"strings"
)

// deb is one package file as apt names it.
type deb struct {
	name string
	file string
	size int64
}

// parseURIs reads what `apt-get --print-uris install` prints: 'uri' file size hash.
func parseURIs(out string) []deb {
	var debs []deb
	for _, line := range strings.Split(out, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 3 || !strings.HasPrefix(fields[0], "'") {
			continue
		}
		size, err := strconv.ParseInt(fields[2], 10, 64)
		name, _, found := strings.Cut(fields[1], "_")
		if err == nil && found {
			debs = append(debs, deb{name: name, file: fields[1], size: size})
		}
	}
	return debs
}

// unneeded are libraries that nothing we run loads: LLVM is Postgres's JIT, which stays off; perl belongs to
// Debian's cluster scripts.
var unneeded = []string{"libllvm", "libz3", "libperl", "libgdbm", "libpam-", "libsemanage", "libsepol", "libio-", "libipc-", "libjson-", "libtext-", "libproc"}

// needed keeps the wanted packages and the libraries they were linked with; what only serves their installation
// (perl, user management, locales) is dropped.
func needed(debs []deb, wanted []string) []deb {
	var kept []deb
	for _, d := range debs {
		library := strings.HasPrefix(d.name, "lib") || strings.HasPrefix(d.name, "zlib") || strings.HasPrefix(d.name, "node-")
		skip := slices.ContainsFunc(unneeded, func(prefix string) bool { return strings.HasPrefix(d.name, prefix) })
		asked := slices.Contains(wanted, d.name) || strings.HasPrefix(d.name, "postgresql-client-1")
		if asked || (library && !skip) {
			kept = append(kept, d)
		}
	}
	return kept
}
