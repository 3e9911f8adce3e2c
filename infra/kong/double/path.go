package double

import "strings"

// normalize is the path by which Kong chooses a route and that it sends on:
// percent-encodings of what needs none are undone, those that stay are in
// capitals, dot segments are resolved and slashes merged (RFC 3986, section 6).
func normalize(escaped string) string {
	return resolve(unescape(escaped))
}

func unescape(p string) string {
	if !strings.Contains(p, "%") {
		return p
	}
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		if p[i] != '%' || i+2 >= len(p) {
			b.WriteByte(p[i])
			continue
		}
		high, low := hexDigit(p[i+1]), hexDigit(p[i+2])
		if high < 0 || low < 0 {
			b.WriteByte(p[i])
			continue
		}
		if c := byte(high<<4 | low); isUnreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(p[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

func hexDigit(c byte) int {
	if c >= 'A' && c <= 'F' {
		c += 'a' - 'A'
	}
	return strings.IndexByte("0123456789abcdef", c)
}

func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// resolve takes . and .. out and merges slashes; a slash at the end stays.
func resolve(p string) string {
	var out []string
	parts := strings.Split(p, "/")
	for i, part := range parts {
		last := i == len(parts)-1
		if part != "." && part != "" && part != ".." {
			out = append(out, part)
			continue
		}
		if part == ".." && len(out) > 0 {
			out = out[:len(out)-1]
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}
