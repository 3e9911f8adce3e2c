package llm

import (
	"context"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Model answers a call. The coats are Models around a Model; chain.go holds
// their order. An error is a *dcoder.Error or a *Failure, and means that no
// content has been produced.
type Model interface {
	Complete(ctx context.Context, req *Request) (*Reply, error)
}

// Dialect speaks one provider's protocol: it sends the call to c and returns
// what comes back. For a stream it returns when the first content is there.
// Errors are *Failure, or the context's.
type Dialect interface {
	Complete(ctx context.Context, req *Request, c *Candidate) (*Reply, error)
}

// Prober is a Dialect that knows the cheapest request which a credential that
// does not work fails. Errors as Dialect.Complete; the request is not sent.
type Prober interface {
	Probe(ctx context.Context, g *dcoder.ProviderGrant) (*http.Request, error)
}

// Doer is the upstream client: http.RoundTripper's promise with redirects left
// alone, private addresses refused, and no answer decoded.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Reply is a model's answer: a whole body, or a stream. Close it exactly when
// the client has got it, or could not get it.
type Reply struct {
	Status int
	Header http.Header // what of the provider's headers the client may see
	Body   *Buffer     // nil for a stream
	Stream Stream      // nil for a whole body
	Usage  Usage       // of a whole body

	closed func(error)
}

// Usage is what a call used and how that is known.
type Usage struct {
	Tokens   dcoder.Tokens
	Reported bool // by the provider; otherwise Tokens.Output was counted by us

	// ServiceTier is what the provider says it served the call as ("flex",
	// "priority", ...), which decides its price; "" for the standard one.
	ServiceTier string
}

// Close ends the call: it cancels what still runs upstream, settles, and gives
// buffers back. err is nil when the client got everything that was there, else
// why not. Further calls do nothing.
func (r *Reply) Close(err error) {
	if r.Stream != nil {
		r.Stream.Close()
	}
	if done := r.closed; done != nil {
		r.closed = nil
		done(err)
	}
	r.Body.Release()
	r.Body = nil
}

// Stream is an answer that comes in pieces.
type Stream interface {
	// Next waits for the next piece. After the terminal event it returns io.EOF;
	// any other error means that the answer is incomplete.
	Next() (Chunk, error)
	// Close cancels what is left. It may be called more than once.
	Close()
}

// Chunk is one event of a streamed answer. Its bytes are good until the next
// call of Next.
type Chunk struct {
	Raw     []byte // the event as the client shall get it; empty: nothing for the client
	Tokens  int64  // output tokens counted in it
	Content bool   // it carries a part of the answer
	More    bool   // another event is here already: a flush may wait
	Usage   *Usage // what the provider reports, when it does in this event
	Last    bool   // the provider's own end of a whole answer
}
