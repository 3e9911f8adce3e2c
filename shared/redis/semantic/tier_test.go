package semantic_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/redis/semantic"
	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// desk is a support desk: subjects with an answer each, and ways to ask.
var (
	subjects = []string{
		"change the pin", "close the account", "order a statement", "raise the limit", "block the card", "add a payee", "export transactions",
		"update the address", "dispute a charge", "open a deposit", "activate the token", "cancel a transfer",
	}
	ways = []string{"How do I %s?", "How can I %s?", "What is the best way to %s?", "how to %s", "Can you tell me how I %s please", "how do I really %s"}
)

type client struct {
	tier   *semantic.Tier
	pool   *semantic.Pool
	place  *semantic.Place
	r      *rand.Rand
	shadow bool

	served, wrong, would int
}

func embedLexically(_ context.Context, text string) ([]float32, error) {
	return semcache.Lexical{Dimension: 256}.Embed(semcache.Read(text)), nil
}

func (c *client) ask(t *testing.T) {
	t.Helper()
	subject := subjects[c.r.IntN(len(subjects))]
	text := fmt.Sprintf(ways[c.r.IntN(len(ways))], subject)
	answer := fmt.Sprintf(`{"article": %q}`, subject)
	q := &semantic.Question{Pool: c.pool, Place: c.place, Text: semcache.Read(text), Embed: embedLexically, Shadow: c.shadow, Draw: c.r.Float64()}
	f, err := c.tier.Look(t.Context(), q)
	require.NoError(t, err)
	if f.Decision.Would {
		c.would++
	}
	if f.Answer != nil {
		c.served++
		if string(f.Answer) != answer {
			c.wrong++
		}
		require.NoError(t, c.tier.Learn(t.Context(), q, f, nil, 0))
		return
	}
	require.NoError(t, c.tier.Learn(t.Context(), q, f, []byte(answer), time.Hour))
}

// TestTheTierOpensInShadowAndServesElsewhere: one process learns in shadow and
// serves nothing; another one, begun later, serves by the same evidence.
func TestTheTierOpensInShadowAndServesElsewhere(t *testing.T) {
	t.Parallel()
	c := open(t)
	p := place(t, c)
	newClient := func(shadow bool) *client {
		return &client{
			tier:   semantic.NewTier(semantic.NewFlat(c, 0, 0), semantic.NewEvidence(c, 0), semantic.NewVectors(c, time.Minute)),
			pool:   &semantic.Pool{Tenant: p.Tenant, Embedder: semcache.EmbedderName("lexical", 256), Sealer: p.Sealer, Config: semcache.Config{Delta: 0.02}},
			place:  p,
			r:      rand.New(rand.NewPCG(7, 7)),
			shadow: shadow,
		}
	}
	first := newClient(true)
	for i := 0; i < 600 && first.would < 20; i++ {
		first.ask(t)
	}
	require.Zero(t, first.served, "shadow serves nothing")
	require.Equal(t, 20, first.would)

	second := newClient(false)
	for range 60 {
		second.ask(t)
	}
	require.Greater(t, second.served, 10)
	require.LessOrEqual(t, second.wrong, 2)
}

func TestG13ATierWithoutEmbeddingIsAMiss(t *testing.T) {
	t.Parallel()
	c := open(t)
	p := place(t, c)
	tier := semantic.NewTier(semantic.NewFlat(c, 0, 0), semantic.NewEvidence(c, 0), semantic.NewVectors(c, time.Minute))
	f, err := tier.Look(t.Context(), &semantic.Question{
		Pool: &semantic.Pool{Tenant: p.Tenant, Embedder: "e", Sealer: p.Sealer}, Place: p, Text: semcache.Read("What is a key?"),
		Embed: func(context.Context, string) ([]float32, error) { return nil, errors.New("503") },
	})
	require.ErrorIs(t, err, semantic.ErrNoVector)
	require.Nil(t, f.Answer)
	require.False(t, f.Decision.Would)
}
