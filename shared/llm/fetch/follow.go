package fetch

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
)

// hops is how many redirects are followed.
const hops = 3

// kinds are the media types that are let in; what else a server sends is of no
// use to a model, and may be an error page.
var kinds = []string{
	"image/png", "image/jpeg", "image/webp", "image/gif", "image/heic", "image/heif", "application/pdf", "text/plain", "text/csv", "text/markdown",
	"audio/mpeg", "audio/wav", "audio/x-wav", "audio/flac", "audio/ogg", "audio/aac", "audio/mp4",
}

type file struct {
	kind string
	body []byte
}

// budget bounds the bytes of all files of a request.
type budget struct{ left atomic.Int64 }

func newBudget(n int64) *budget {
	b := &budget{}
	b.left.Store(n)
	return b
}

func (b *budget) take(n int64) bool { return b.left.Add(-n) >= 0 }

var (
	errStatus  = errors.New("fetch: the answer is neither a file nor a redirect")
	errHops    = errors.New("fetch: too many redirects")
	errNoDoer  = errors.New("fetch: no client is set")
	errEncoded = errors.New("fetch: the file comes compressed although it was not asked for so")
)

// follow gets at, over redirects. The client dials each hop by itself, and so
// checks each address.
func (f *Files) follow(ctx context.Context, at *url.URL, b *budget) (*file, error) {
	if f.Client == nil {
		return nil, errNoDoer
	}
	for range hops + 1 {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("User-Agent", "dcoder")
		r.Header.Set("Accept", "*/*")
		r.Header.Set("Accept-Encoding", "identity")
		resp, err := f.Client.Do(r)
		if err != nil {
			return nil, err
		}
		to, err := redirected(resp)
		if err != nil || to == "" {
			got, readErr := f.read(resp, b)
			return got, errors.Join(err, readErr)
		}
		_ = resp.Body.Close()
		next, err := at.Parse(to)
		if err != nil {
			return nil, err
		}
		secure := at.Scheme == "https"
		if at, err = f.parse(next.String()); err != nil {
			return nil, err
		}
		if secure && at.Scheme != "https" {
			return nil, errStatus
		}
	}
	return nil, errHops
}

// redirected returns where an answer sends us, "" for an answer that is the file.
func redirected(resp *http.Response) (string, error) {
	switch resp.StatusCode {
	case http.StatusOK:
		return "", nil
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if to := resp.Header.Get("Location"); to != "" {
			return to, nil
		}
	}
	return "", errStatus
}

// read reads the file, if it is one that is let in, and closes the answer.
func (f *Files) read(resp *http.Response, b *budget) (*file, error) {
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errStatus
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, errEncoded
	}
	most := or(f.Bytes, defaultBytes)
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > most {
		return nil, refused("a file that is named by URL may have at most %d bytes", most)
	}
	if !b.take(int64(len(body))) {
		return nil, refused("the files that a request names by URL may have at most %d bytes together", or(f.All, defaultAll))
	}
	kind, ok := kindOfBody(resp.Header.Get("Content-Type"), body)
	if !ok {
		return nil, refused("the file that a request names by URL is no picture, document or sound that a model takes")
	}
	return &file{kind: kind, body: body}, nil
}

// kindOfBody believes the header where the bytes do not say otherwise: a picture
// must look like one.
func kindOfBody(header string, body []byte) (string, bool) {
	said, _, _ := mime.ParseMediaType(header)
	seen, _, _ := mime.ParseMediaType(http.DetectContentType(body))
	if said == "" || said == "application/octet-stream" || said == "binary/octet-stream" {
		said = seen
	}
	if said == "image/jpg" {
		said = "image/jpeg"
	}
	if !slices.Contains(kinds, said) {
		return "", false
	}
	if slices.Contains(kinds, seen) && strings.HasPrefix(seen, "image/") {
		return seen, true // a PNG under the name of a JPEG is refused by providers
	}
	binary := strings.HasPrefix(said, "image/") || said == "application/pdf"
	return said, !binary || !strings.HasPrefix(seen, "text/")
}
