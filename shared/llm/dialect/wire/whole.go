package wire

import (
	"errors"
	"io"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// maxAnswer bounds a whole answer, bytes: 2,048 embeddings of 3,072 dimensions
// are some 75 MB.
const maxAnswer = 128 << 20

var errTooLong = Garbage("the provider's answer is longer than the gateway takes")

// whole translates a whole answer.
func (x *exchange) whole(resp *http.Response) (*llm.Reply, error) {
	body, err := ReadAll(resp)
	if err != nil {
		return nil, Broken(x.ctx, err)
	}
	defer body.Release()
	a, err := x.Native.ReadReply(body.B)
	if err != nil {
		return nil, Garbage("the provider's answer cannot be read")
	}
	return x.reply(a, resp)
}

// gathered puts the whole answer together from a stream.
func (x *exchange) gathered(resp *http.Response) (*llm.Reply, error) {
	events := x.read(resp)
	defer events.close()
	var acc canonical.Accumulator
	for !acc.Ended() {
		es, err := events.next()
		if err != nil {
			return nil, err
		}
		for i := range es {
			if e := &es[i]; e.Kind == canonical.EventError {
				return nil, x.inside(e.Err)
			}
			acc.Add(&es[i])
		}
	}
	return x.reply(acc.Reply(), resp)
}

// reply writes an answer for the client.
func (x *exchange) reply(a *canonical.Reply, resp *http.Response) (*llm.Reply, error) {
	raw, err := x.req.Inbound.WriteReply(a, x.asked)
	if err != nil {
		return nil, Garbage("the provider's answer cannot be told in the protocol of this route")
	}
	u := llm.Usage{Tokens: a.Usage.Tokens, Reported: a.Usage.Reported, ServiceTier: tier(&a.Usage)}
	if !u.Reported {
		u.Tokens.Input, u.Tokens.Output = token.Estimate(x.req.Text), estimate(a)
	}
	body := llm.NewBuffer(len(raw))
	body.B = append(body.B, raw...)
	return &llm.Reply{Status: http.StatusOK, Header: x.visible(resp.Header), Body: body, Usage: u}, nil
}

// tier is what the meter calls the service tier of an answer.
func tier(u *canonical.Usage) string { return llm.TierOf([]byte(u.ServiceTier)) }

// estimate counts an answer whose usage nobody reported.
func estimate(a *canonical.Reply) int64 {
	n := 0
	for i := range a.Choices {
		for j := range a.Choices[i].Blocks {
			b := &a.Choices[i].Blocks[j]
			if n += len(b.Text); b.Call != nil {
				n += len(b.Call.Name) + len(b.Call.Arguments)
			}
		}
	}
	return token.Estimate(token.Text{ASCII: n})
}

// ReadAll reads and closes the body of an answer.
func ReadAll(resp *http.Response) (*llm.Buffer, error) {
	defer resp.Body.Close()
	if resp.ContentLength > maxAnswer {
		return nil, errTooLong
	}
	size := int(resp.ContentLength)
	if size < 0 {
		size = 4 << 10
	}
	b := llm.NewBuffer(size + 1) // one byte more: the end is seen without growing
	for {
		if len(b.B) == cap(b.B) {
			b.B = append(b.B, 0)[:len(b.B)]
		}
		n, err := resp.Body.Read(b.B[len(b.B):cap(b.B)])
		b.B = b.B[:len(b.B)+n]
		switch {
		case errors.Is(err, io.EOF):
			return b, nil
		case err == nil && len(b.B) > maxAnswer:
			err = errTooLong
			fallthrough
		case err != nil:
			b.Release()
			return nil, err
		}
	}
}
