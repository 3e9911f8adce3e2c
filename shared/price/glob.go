package price

import "strings"

// glob reports whether a name is what a pattern of the table says: # is any
// digit, * at the beginning or the end is anything.
func glob(pattern, name string) bool {
	head := strings.HasPrefix(pattern, "*")
	tail := strings.HasSuffix(pattern, "*")
	core := strings.Trim(pattern, "*")
	if len(name) < len(core) {
		return false
	}
	switch {
	case head && tail:
		return strings.Contains(name, core)
	case head:
		return digits(core, name[len(name)-len(core):])
	case tail:
		return digits(core, name[:len(core)])
	}
	return len(name) == len(core) && digits(core, name)
}

// digits compares two texts of one length, where # is any digit.
func digits(pattern, name string) bool {
	for i := range len(pattern) {
		p, c := pattern[i], name[i]
		if p == '#' && (c < '0' || c > '9') || p != '#' && p != c {
			return false
		}
	}
	return true
}
