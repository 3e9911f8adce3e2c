package llm

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/compress"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// compression is how far the client lets its texts be shortened, and what became
// of them.
type compression struct {
	asked bool
	mode  compress.Mode
	ratio float64
	use   compress.Use

	why     string // nothing was shortened; "" something was, or nobody asked
	in, out int    // tokens of all texts, before and after
}

var uses = map[string]compress.Use{"chat": compress.Chat, "rag": compress.RAG, "document": compress.Document, "code": compress.Code}

// readCompression reads "off", "lossless", "auto" or a ratio, and what the texts
// are for: "auto; use=rag".
func readCompression(h http.Header) (c compression, err error) {
	lines := h[dcoder.HeaderCompression]
	if len(lines) == 0 {
		return c, nil
	}
	c.asked = true
	mode, rest, _ := strings.Cut(lines[0], ";")
	if c.mode, c.ratio, err = compress.ParseMode(mode); err != nil {
		return c, dcoder.Invalid(dcoder.HeaderCompression, "%v", err)
	}
	if rest = strings.TrimSpace(rest); rest == "" {
		return c, nil
	}
	name, named := strings.CutPrefix(rest, "use=")
	use, known := uses[name]
	if c.use = use; !named || !known {
		return c, dcoder.Invalid(dcoder.HeaderCompression, "behind the mode stands use=chat, use=rag, use=document or use=code")
	}
	return c, nil
}

// compressing is the coat that shortens what is said in a request, where the
// client asks for it. It stands behind the guard, which sees every word, and
// before the plan, so that limits and the cache know the call as it is sent.
type compressing struct {
	next Model
	*Coats
}

// Complete implements Model.
func (c compressing) Complete(ctx context.Context, req *Request) (*Reply, error) {
	if req.compression.mode != compress.Off {
		if err := c.compress(req); err != nil {
			return nil, err
		}
	}
	return c.next.Complete(ctx, req)
}

// largestCompressed is how many bytes of texts are looked at, from the first: what
// is done to them takes about a millisecond for each 10 kB.
const largestCompressed = 512 << 10

func (c compressing) compress(req *Request) error {
	k := &req.compression
	switch {
	case req.Snapshot.Tenant.Compression == "off":
		k.why = "policy"
	case req.Kind != Chat && req.Kind != Message:
		k.why = "route"
	}
	if k.why != "" {
		return nil
	}
	body, did, gained := shorten(req.Kind, &req.Doc, compress.Conversation{
		Options: compress.Options{Mode: k.mode, Ratio: k.ratio, Use: k.use, Count: token.Count},
	})
	for _, d := range did {
		k.in, k.out = k.in+d.In, k.out+d.Out
	}
	if !gained {
		k.why = "little to gain"
		return nil
	}
	b := NewBuffer(len(body))
	b.B = append(b.B, body...)
	return req.rewrite(b)
}

// saved is how many tokens of input the provider did not get.
func (k *compression) saved() int64 {
	if k.why != "" {
		return 0
	}
	return int64(k.in - k.out)
}

// outcome is the word of the usage row; "" where nothing was shortened.
func (k *compression) outcome() string {
	if k.saved() <= 0 {
		return ""
	}
	return modeNames[k.mode]
}

var modeNames = map[compress.Mode]string{compress.Off: "off", compress.Lossless: "lossless", compress.Auto: "auto", compress.Ratio: "ratio"}

// writeHead says what was done to a client that asked: "auto; tokens=690/2081",
// or "off(route)".
func (k *compression) writeHead(h http.Header) {
	switch {
	case !k.asked || k.mode == compress.Off:
	case k.why != "":
		h[dcoder.HeaderCompression] = []string{"off(" + k.why + ")"}
	default:
		h[dcoder.HeaderCompression] = []string{modeNames[k.mode] + "; tokens=" + strconv.Itoa(k.out) + "/" + strconv.Itoa(k.in)}
	}
}
