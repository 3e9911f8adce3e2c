package stories

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
)

// ear hears what goes over the broker.
type ear struct{ messages chan *nats.Msg }

func (p *platform) listen(t *testing.T, tenant, kind string) *ear {
	t.Helper()
	conn, err := nats.Connect(p.nats.URL())
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	e := &ear{make(chan *nats.Msg, 64)}
	_, err = conn.ChanSubscribe("dcoder."+tenant+"."+kind, e.messages)
	require.NoError(t, err)
	require.NoError(t, conn.Flush())
	return e
}

func (e *ear) next(t *testing.T) *nats.Msg {
	t.Helper()
	select {
	case m := <-e.messages:
		return m
	case <-time.After(patience):
		require.FailNow(t, "no event came")
		return nil
	}
}
