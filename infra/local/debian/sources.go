// Package debian installs Debian packages into a folder of ours, without root and without touching the host: a
// private apt root downloads and verifies them, dpkg unpacks them, and small wrappers run their programs with
// their own dynamic loader and libraries, so that the host's libc stays as it is.
package debian

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mirror is where a suite's packages come from.
type Mirror struct {
	URI      string
	Security bool   // the archive of security updates
	SignedBy string // keyring file; empty: the host's trusted keys
}

// defaultKeyring is where Debian's and Ubuntu's package debian-archive-keyring puts the archive's keys.
const defaultKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// HostMirrors are the Debian mirrors that the apt configuration under etc (/etc/apt) names.
func HostMirrors(etc string) ([]Mirror, error) {
	var all []Mirror
	files, err := filepath.Glob(filepath.Join(etc, "sources.list.d", "*"))
	if err != nil {
		return nil, err
	}
	for _, file := range append([]string{filepath.Join(etc, "sources.list")}, files...) {
		text, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading apt's sources: %w", err)
		}
		switch filepath.Ext(file) {
		case ".list":
			all = append(all, parseList(string(text))...)
		case ".sources":
			all = append(all, parseDeb822(string(text))...)
		}
	}
	return debianOnly(all), nil
}

// parseList reads the one-line style of sources.list(5): deb [options] uri suite components.
func parseList(text string) []Mirror {
	var mirrors []Mirror
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		rest, found := strings.CutPrefix(strings.TrimSpace(line), "deb ")
		if !found {
			continue
		}
		options, rest := cutOptions(strings.TrimSpace(rest))
		if fields := strings.Fields(rest); len(fields) >= 2 {
			mirrors = append(mirrors, mirror(fields[0], fields[1], options["signed-by"]))
		}
	}
	return mirrors
}

func cutOptions(rest string) (map[string]string, string) {
	options := map[string]string{}
	inner, found := strings.CutPrefix(rest, "[")
	if !found {
		return options, rest
	}
	inner, rest, _ = strings.Cut(inner, "]")
	for _, option := range strings.Fields(inner) {
		key, value, _ := strings.Cut(option, "=")
		options[key] = value
	}
	return options, rest
}

// parseDeb822 reads the stanzas of a .sources file.
func parseDeb822(text string) []Mirror {
	var mirrors []Mirror
	for _, stanza := range strings.Split(strings.ReplaceAll(text, "\r", ""), "\n\n") {
		fields := deb822Fields(stanza)
		if !strings.Contains(" "+fields["types"]+" ", " deb ") || strings.EqualFold(fields["enabled"], "no") {
			continue
		}
		signedBy := fields["signed-by"]
		if !strings.HasPrefix(signedBy, "/") { // a key pasted into the file
			signedBy = ""
		}
		for _, uri := range strings.Fields(fields["uris"]) {
			for _, suite := range strings.Fields(fields["suites"]) {
				mirrors = append(mirrors, mirror(uri, suite, signedBy))
			}
		}
	}
	return mirrors
}

func deb822Fields(stanza string) map[string]string {
	fields := map[string]string{}
	last := ""
	for _, line := range strings.Split(stanza, "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " "), strings.HasPrefix(line, "\t"):
			fields[last] += " " + strings.TrimSpace(line)
		default:
			key, value, found := strings.Cut(line, ":")
			if found {
				last = strings.ToLower(key)
				fields[last] = strings.TrimSpace(value)
			}
		}
	}
	return fields
}

func mirror(uri, suite, signedBy string) Mirror {
	uri = strings.TrimRight(uri, "/")
	security := strings.HasSuffix(uri, "debian-security") || strings.Contains(suite, "-security") || strings.Contains(suite, "/updates")
	return Mirror{URI: uri, Security: security, SignedBy: signedBy}
}

// debianOnly drops other vendors' archives and repetitions: a Debian mirror's path ends in /debian or
// /debian-security, wherever it is hosted.
func debianOnly(all []Mirror) []Mirror {
	var kept []Mirror
	seen := map[string]bool{}
	for _, m := range all {
		isDebian := strings.HasSuffix(m.URI, "/debian") || strings.HasSuffix(m.URI, "/debian-security")
		if isDebian && !seen[m.URI] {
			seen[m.URI] = true
			kept = append(kept, m)
		}
	}
	return kept
}

// sourcesList is the private root's sources.list for a suite. The mirrors of updates are used where the host names
// any; a host without one uses the main mirror's suite alone.
func sourcesList(suite string, mirrors []Mirror, keyring string) string {
	var list strings.Builder
	for _, m := range mirrors {
		from := suite
		if m.Security {
			from += "-security"
		}
		signedBy := m.SignedBy
		if signedBy == "" {
			signedBy = keyring
		}
		fmt.Fprintf(&list, "deb [signed-by=%s] %s %s main\n", signedBy, m.URI, from)
	}
	return list.String()
}
