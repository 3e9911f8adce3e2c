package llm

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// cacheControl is what a client says of cached answers, in RFC 9111's words.
type cacheControl struct {
	noCache bool          // ask the provider, and keep what it says
	noStore bool          // neither give nor keep
	maxAge  time.Duration // the oldest answer that is taken; below 0: any

	tags, sources []string
	illegible     bool // tags or sources: an answer could not be declared void by them
}

// Bounds of what a client may say of one call.
const (
	mostLabels   = 16
	longestLabel = 64
)

func readCacheControl(h http.Header) cacheControl {
	c := cacheControl{maxAge: -1}
	for _, line := range h["Cache-Control"] {
		for word := range strings.SplitSeq(line, ",") {
			c.word(strings.ToLower(strings.TrimSpace(word)))
		}
	}
	c.tags, c.sources = c.labels(h["X-Dcoder-Cache-Tags"]), c.labels(h["X-Dcoder-Cache-Sources"])
	return c
}

func (c *cacheControl) word(w string) {
	switch name, value, _ := strings.Cut(w, "="); name {
	case "no-cache":
		c.noCache = true
	case "no-store":
		c.noStore = true
	case "max-age":
		if n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32); err == nil && n >= 0 {
			c.maxAge = time.Duration(n) * time.Second
		}
	}
}

// takes reports whether an answer of an age is good for the client.
func (c *cacheControl) takes(age time.Duration) bool { return c.maxAge < 0 || age <= c.maxAge }

// reads reports whether any kept answer may be good for the client.
func (c *cacheControl) reads() bool { return !c.noCache && c.maxAge != 0 }

func (c *cacheControl) labels(lines []string) (out []string) {
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				out = append(out, name)
				c.illegible = c.illegible || len(name) > longestLabel || len(out) > mostLabels
			}
		}
	}
	return out
}
