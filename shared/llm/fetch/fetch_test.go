package fetch_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/fetch"
	"github.com/d-coder-ai/dcoder/shared/upstream"
)

// picture is a small PNG.
func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))))
	return b.Bytes()
}

// web is a server of files; fetched counts its answers.
type web struct {
	*httptest.Server
	fetched atomic.Int64
}

func serve(t *testing.T) *web {
	t.Helper()
	body := picture(t)
	w := &web{}
	mux := http.NewServeMux()
	mux.HandleFunc("/a.png", func(rw http.ResponseWriter, _ *http.Request) {
		w.fetched.Add(1)
		rw.Header().Set("Content-Type", "image/png")
		_, _ = rw.Write(body)
	})
	mux.HandleFunc("/unnamed", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/octet-stream")
		_, _ = rw.Write(body)
	})
	mux.HandleFunc("/paper", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/pdf")
		_, _ = rw.Write([]byte("%PDF-1.4 small"))
	})
	mux.HandleFunc("/page", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = rw.Write([]byte("<html>a secret of the inside</html>"))
	})
	mux.HandleFunc("/lies", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "image/png")
		_, _ = rw.Write([]byte("<html>a secret of the inside</html>"))
	})
	mux.HandleFunc("/large", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/plain")
		_, _ = rw.Write(bytes.Repeat([]byte("x"), 4096))
	})
	mux.HandleFunc("/gone", http.NotFound)
	mux.HandleFunc("/packed", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "image/png")
		rw.Header().Set("Content-Encoding", "gzip")
		_, _ = rw.Write(body)
	})
	mux.HandleFunc("/moved", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/a.png", http.StatusFound) })
	mux.HandleFunc("/round", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/round", http.StatusFound) })
	mux.HandleFunc("/inside", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "http://127.0.0.2:9/latest/meta-data", http.StatusFound)
	})
	mux.HandleFunc("/scheme", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "file:///etc/passwd", http.StatusFound)
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	w.Server = httptest.NewServer(mux)
	t.Cleanup(w.Close)
	return w
}

// files may dial the one address that test servers listen on.
func files(t *testing.T, change func(*fetch.Files)) *fetch.Files {
	t.Helper()
	client := upstream.New(upstream.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	t.Cleanup(client.Close)
	f := &fetch.Files{Client: client, Plain: true, Bytes: 2048, Timeout: 5 * time.Second}
	if change != nil {
		change(f)
	}
	return f
}

func asking(kind canonical.Kind, urls ...string) *canonical.Request {
	r := &canonical.Request{Messages: []canonical.Message{{Role: canonical.User}}}
	for _, u := range urls {
		r.Messages[0].Blocks = append(r.Messages[0].Blocks, canonical.Block{Kind: kind, Media: &canonical.Media{URL: u, Detail: "high"}})
	}
	return r
}

func TestFilesOfTheWebComeInside(t *testing.T) {
	w, f := serve(t), files(t, nil)
	r := asking(canonical.Image, w.URL+"/a.png", w.URL+"/unnamed", w.URL+"/moved", w.URL+"/paper", "gs://bucket/x.png", w.URL+"/a.png#again")
	before := r.Messages[0].Blocks
	r.Messages = append(r.Messages, canonical.Message{Role: canonical.User, Blocks: []canonical.Block{{
		Kind: canonical.ToolResult, Result: &canonical.Result{ID: "1", Blocks: asking(canonical.Image, w.URL+"/a.png").Messages[0].Blocks},
	}}})
	require.NoError(t, f.Inline(t.Context(), r, nil))
	encoded := base64.StdEncoding.EncodeToString(picture(t))
	blocks := r.Messages[0].Blocks
	for _, i := range []int{0, 1, 2, 5} {
		require.Equal(t, &canonical.Media{Type: "image/png", Data: encoded, Detail: "high"}, blocks[i].Media, "block %d", i)
	}
	require.Equal(t, canonical.Document, blocks[3].Kind)
	require.Equal(t, "application/pdf", blocks[3].Media.Type)
	require.Equal(t, "gs://bucket/x.png", blocks[4].Media.URL)
	require.Equal(t, encoded, r.Messages[1].Blocks[0].Result.Blocks[0].Media.Data)
	require.Equal(t, w.URL+"/a.png", before[0].Media.URL, "the client's own request is not changed")
}

func TestAnAddressIsFetchedOnce(t *testing.T) {
	w, f := serve(t), files(t, nil)
	require.NoError(t, f.Inline(t.Context(), asking(canonical.Image, w.URL+"/a.png", w.URL+"/a.png", w.URL+"/a.png"), nil))
	require.EqualValues(t, 1, w.fetched.Load())
}

func TestAddressesThatTheProviderTakesStay(t *testing.T) {
	w, f := serve(t), files(t, nil)
	r := asking(canonical.Image, w.URL+"/a.png")
	require.NoError(t, f.Inline(t.Context(), r, func(string) bool { return true }))
	require.Equal(t, w.URL+"/a.png", r.Messages[0].Blocks[0].Media.URL)
	require.Zero(t, w.fetched.Load())
}

// TestWhatIsNotFetched: every refusal is the client's 400, and none says what
// stands behind the address.
func TestWhatIsNotFetched(t *testing.T) {
	w := serve(t)
	for name, c := range map[string]struct {
		url    string
		change func(*fetch.Files)
		says   string
	}{
		"another kind":           {w.URL + "/page", nil, "no picture"},
		"another kind in truth":  {w.URL + "/lies", nil, "no picture"},
		"too large":              {w.URL + "/large", nil, "2048"},
		"too large together":     {w.URL + "/a.png", func(f *fetch.Files) { f.All = 8 }, "together"},
		"not there":              {w.URL + "/gone", nil, "cannot be fetched"},
		"compressed":             {w.URL + "/packed", nil, "cannot be fetched"},
		"redirected for ever":    {w.URL + "/round", nil, "cannot be fetched"},
		"redirected inside":      {w.URL + "/inside", nil, "cannot be fetched"},
		"redirected to a file":   {w.URL + "/scheme", nil, "https://"},
		"slow":                   {w.URL + "/slow", func(f *fetch.Files) { f.Timeout = 20 * time.Millisecond }, "cannot be fetched"},
		"private":                {"http://127.0.0.2/a.png", nil, "cannot be fetched"},
		"private, in decimal":    {"http://2130706434/a.png", nil, "cannot be fetched"},
		"metadata":               {"http://169.254.169.254/latest/meta-data", nil, "cannot be fetched"},
		"metadata, mapped":       {"http://[::ffff:169.254.169.254]/latest", nil, "cannot be fetched"},
		"without encryption":     {w.URL + "/a.png", func(f *fetch.Files) { f.Plain = false }, "https://"},
		"with credentials":       {strings.Replace(w.URL, "http://", "http://a:b@", 1) + "/a.png", nil, "https://"},
		"without a client":       {w.URL + "/a.png", func(f *fetch.Files) { f.Client = nil }, "cannot be fetched"},
		"a closed port":          {"http://127.0.0.1:1/a.png", nil, "cannot be fetched"},
		"a name that is nowhere": {"http://nowhere.invalid/a.png", nil, "cannot be fetched"},
	} {
		t.Run(name, func(t *testing.T) {
			r := asking(canonical.Image, c.url)
			err := files(t, c.change).Inline(t.Context(), r, nil)
			e := dcoder.AsError(err)
			require.Equal(t, http.StatusBadRequest, e.Status, "%v", err)
			require.Equal(t, "file_not_fetched", e.Code)
			require.Equal(t, "messages", e.Field)
			require.Contains(t, e.Message, c.says)
			require.NotContains(t, e.Message, "secret")
			require.NotContains(t, e.Message, "refused")
			require.Equal(t, c.url, r.Messages[0].Blocks[0].Media.URL, "a failed request stays as it was")
		})
	}
}

func TestTooManyFiles(t *testing.T) {
	w := serve(t)
	var urls []string
	for i := range 17 {
		urls = append(urls, fmt.Sprintf("%s/a.png?%d", w.URL, i))
	}
	require.ErrorContains(t, files(t, nil).Inline(t.Context(), asking(canonical.Image, urls...), nil), "at most 16")
	require.Zero(t, w.fetched.Load())
}
