package serve

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMainAtAnotherPlace: Lambda started the process.
func TestMainAtAnotherPlace(t *testing.T) {
	t.Setenv(runtimeAPI, "127.0.0.1:1")
	wire := func() (Options, error) { return Options{Rounds: []Round{{Name: "one"}}}, nil }
	require.Equal(t, 1, Main(wire), "a build without the place ends and says which tag it lacks")
	require.ErrorContains(t, errNoPlace, "-tags lambda")

	defer func() { elsewhere = nil }()
	var order []string
	var refused error
	place := Place{
		Prepare: func(context.Context) error { order = append(order, "prepare"); return nil },
		Run:     func(o Options) error { order = append(order, "run "+o.Rounds[0].Name); return nil },
		Refuse:  func(err error) { refused = err },
	}
	Elsewhere(place)
	require.Equal(t, 0, Main(wire))
	require.Equal(t, []string{"prepare", "run one"}, order, "secrets are there before the configuration is read")
	require.NoError(t, refused)

	require.Equal(t, 1, Main(func() (Options, error) { return Options{}, errors.New("no database") }))
	require.ErrorContains(t, refused, "no database")
	place.Prepare = func(context.Context) error { return errors.New("no secret") }
	Elsewhere(place)
	require.Equal(t, 1, Main(wire))
	require.ErrorContains(t, refused, "no secret")
}
