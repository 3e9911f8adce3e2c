package llm

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// finished is a stream whose client leaves with the terminal event in hand.
type finished struct{ leave context.CancelFunc }

func (f finished) Next() (Chunk, error) {
	f.leave()
	return Chunk{}, io.EOF
}

func (finished) Close() {}

// A client that has the terminal event hangs up before the handler looks for
// the end: that is a whole answer, not a cancelled one.
func TestTheEndOfAStreamWinsOverAClientThatLeaves(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	req := &Request{}
	s := &admitted{finished{leave}, &beat{ctx: ctx, req: req}}
	_, err := s.Next()
	require.Equal(t, io.EOF, err)

	m := &metered{Stream: s, ctx: ctx, req: req, usage: &Usage{Reported: true}}
	_, err = m.Next()
	require.Equal(t, io.EOF, err)
	require.Equal(t, end{status: 200, state: "final", usage: Usage{Reported: true}}, m.end(nil))
}
