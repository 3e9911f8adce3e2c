// Package fetch gets the pictures and documents that a request names by URL, for
// providers that take them only inside the request. The addresses come from
// clients, so nothing here trusts them: the client that it is given refuses
// addresses that are not public, on every hop of a redirect, and number, size,
// time and kind of what is fetched are bounded.
//
// It knows no provider and caches nothing.
package fetch

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// Doer is an upstream client: redirects left alone, no answer decoded.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Files fetches for requests. Zero values take their defaults.
type Files struct {
	// Client must refuse addresses that are not public; nil: every address is
	// refused. It must not be the one of the providers, if that one may dial
	// private networks.
	Client Doer

	Most    int           // files of a request; default 16
	Bytes   int64         // of one file; default 10 MiB
	All     int64         // of all files of a request; default 30 MiB
	Timeout time.Duration // of one file, redirects included; default 10 s
	// Plain allows http:// besides https://.
	Plain bool
}

const (
	defaultMost    = 16
	defaultBytes   = 10 << 20
	defaultAll     = 30 << 20
	defaultTimeout = 10 * time.Second
	together       = 4 // files of a request that are fetched at once
)

// Inline replaces every file of the web in r's messages by its content. takes
// says which addresses the provider itself follows; those stay. What r shares
// with the client's request is copied before it is changed. Errors are 400 and
// say nothing of what stands behind an address.
func (f *Files) Inline(ctx context.Context, r *canonical.Request, takes func(address string) bool) error {
	c := collection{takes: takes, media: map[string]*canonical.Media{}}
	c.blocks(r.System)
	for i := range r.Messages {
		c.blocks(r.Messages[i].Blocks)
	}
	if len(c.media) == 0 {
		return nil
	}
	if most := or(f.Most, defaultMost); len(c.media) > most {
		return refused("a request may name at most %d files by URL; send them as data: URIs", most)
	}
	if err := f.all(ctx, c.media); err != nil {
		return err
	}
	r.System = c.replaced(r.System)
	messages := append([]canonical.Message(nil), r.Messages...)
	for i := range messages {
		messages[i].Blocks = c.replaced(messages[i].Blocks)
	}
	r.Messages = messages
	return nil
}

func or[N int | int64 | time.Duration](n, fallback N) N {
	if n <= 0 {
		return fallback
	}
	return n
}

// refused is the only kind of error: the client's address is at fault.
func refused(format string, args ...any) *dcoder.Error {
	e := dcoder.Invalid("messages", format, args...)
	e.Code = "file_not_fetched"
	return e
}

// all fetches every address of the map once and fills in what it holds.
func (f *Files) all(ctx context.Context, media map[string]*canonical.Media) error {
	budget := newBudget(or(f.All, defaultAll))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(together)
	for address, m := range media {
		g.Go(func() error {
			got, err := f.one(ctx, address, budget)
			if err != nil {
				return err
			}
			m.Type, m.Data = got.kind, base64.StdEncoding.EncodeToString(got.body)
			return nil
		})
	}
	return g.Wait()
}

// one fetches one address. Whatever goes wrong is told alike, so that the
// gateway is no way to look around inside.
func (f *Files) one(ctx context.Context, address string, b *budget) (*file, error) {
	at, err := f.parse(address)
	if err != nil {
		return nil, err
	}
	inner, cancel := context.WithTimeout(ctx, or(f.Timeout, defaultTimeout))
	defer cancel()
	got, err := f.follow(inner, at, b)
	var public *dcoder.Error
	switch {
	case err == nil:
		return got, nil
	case ctx.Err() != nil && !errors.As(err, &public):
		return nil, ctx.Err()
	case errors.As(err, &public) && public.Code == "file_not_fetched":
		return nil, public
	}
	e := refused("the file at %s cannot be fetched; send it as a data: URI", at.Host)
	e.Cause = err
	return nil, e
}

// parse takes addresses of the web without credentials in them.
func (f *Files) parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || len(address) > 8<<10 || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && f.Plain) {
		return nil, refused("a file must be given as a data: URI or by an https:// address")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// collection is what is to be fetched, by address.
type collection struct {
	takes func(string) bool
	media map[string]*canonical.Media
}

func (c *collection) blocks(blocks []canonical.Block) {
	for i := range blocks {
		if b := &blocks[i]; b.Result != nil {
			c.blocks(b.Result.Blocks)
		} else if c.wanted(b) {
			c.media[b.Media.URL] = &canonical.Media{}
		}
	}
}

func (c *collection) wanted(b *canonical.Block) bool {
	if b.Media == nil {
		return false
	}
	address := b.Media.URL
	web := strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")
	return web && (c.takes == nil || !c.takes(address))
}

// replaced returns the blocks with what was fetched; the same where nothing was.
func (c *collection) replaced(blocks []canonical.Block) []canonical.Block {
	out := append([]canonical.Block(nil), blocks...)
	for i := range out {
		b := &out[i]
		if b.Result != nil {
			result := *b.Result
			result.Blocks, b.Result = c.replaced(result.Blocks), &result
			continue
		}
		if !c.wanted(b) {
			continue
		}
		m := *b.Media
		got := c.media[m.URL]
		m.URL, m.Type, m.Data = "", got.Type, got.Data
		b.Media, b.Kind = &m, kindOf(got.Type, b.Kind)
	}
	return out
}

// kindOf is what a file turned out to be: a client may name a document where it
// means a picture.
func kindOf(mediaType string, said canonical.Kind) canonical.Kind {
	switch {
	case strings.HasPrefix(mediaType, "image/"):
		return canonical.Image
	case strings.HasPrefix(mediaType, "audio/"):
		return canonical.Audio
	case said == canonical.Image:
		return canonical.Document
	}
	return said
}
