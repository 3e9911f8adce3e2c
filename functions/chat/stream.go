package chat

import (
	"errors"
	"io"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/llm"
)

// errBroken ends a call whose handler did not come to its end.
var errBroken = errors.New("the handler of a stream broke off")

// stream answers a streamed call. The status line waits for the first content,
// so that a failure before it is a real HTTP error; after 15 s of silence it
// goes out with a ping, and a failure becomes an error frame.
func (c *chat) stream(w http.ResponseWriter, r *http.Request, req *llm.Request) error {
	l := newLine(w, req, c.Silence)
	defer l.stop()
	rep, err := c.Model.Complete(r.Context(), req)
	if err != nil {
		return l.fail(err)
	}
	end := errBroken
	defer func() { rep.Close(end) }()
	l.begin(rep.Header)
	for {
		chunk, err := rep.Stream.Next()
		if errors.Is(err, io.EOF) {
			end = l.flush()
			return nil
		}
		if err != nil {
			end = err
			return l.fail(err)
		}
		if err := l.send(chunk.Raw, chunk.More); err != nil {
			end = err
			return nil // nobody is there to read an error
		}
	}
}
