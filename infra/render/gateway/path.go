package gateway

import (
	"fmt"
	"regexp"
	"strings"
)

// Pattern is a path of net/http's with {wildcards} as Kong's expression: {id} is
// one segment, {id...} the rest, and nothing follows.
func Pattern(path string) string {
	var b strings.Builder
	b.WriteByte('~')
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		b.WriteByte('/')
		switch {
		case strings.HasSuffix(part, "...}"):
			b.WriteString(".+")
		case strings.HasPrefix(part, "{"):
			b.WriteString("[^/]+")
		default:
			b.WriteString(regexp.QuoteMeta(part))
		}
	}
	b.WriteByte('$')
	return b.String()
}

const mebibyte = 1 << 20

// megabytes is the size in what Kong calls megabytes, rounded up.
func megabytes(bytes int64) int64 { return max((bytes+mebibyte-1)/mebibyte, 1) }

func label(megabytes int64) string { return fmt.Sprintf("%dmb", megabytes) }
