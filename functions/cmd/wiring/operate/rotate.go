package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// Step is one step of a rotation: the text that every process must have before
// the next one, and what to do with it.
type Step struct {
	Next string // the new value of the variable; "" when nothing is to be changed
	Say  string
}

// RotateKEK takes the next step of rotating the key encryption key; the keyset
// itself says which that is. The last step rewraps every data key first.
func (p *Platform) RotateKEK(ctx context.Context, keyset string) (Step, error) {
	next, err := secret.PromoteKey(keyset)
	if err == nil {
		return Step{next, "The new key wraps from now on. Give this DCODER_KEK to every process, then take the last step."}, nil
	}
	if !errors.Is(err, secret.ErrNothingToRotate) {
		return Step{}, err
	}
	next, err = secret.RetireKeys(keyset)
	if errors.Is(err, secret.ErrNothingToRotate) {
		next, err = secret.AddKey(keyset)
		return Step{next, "A new key can open, and does not wrap yet. Give this DCODER_KEK to every process, then take the next step."}, err
	}
	if err != nil {
		return Step{}, err
	}
	n, err := p.Databases.Rewrap(ctx)
	if err != nil {
		return Step{}, fmt.Errorf("rewrap data keys: %w", err)
	}
	return Step{next, fmt.Sprintf("%d data keys are wrapped by the new key and the old one is retired. Give this DCODER_KEK to every process.", n)}, nil
}

// RotatePepper takes the next step of rotating the pepper of virtual keys. The
// last step refuses while keys are hashed under the old one, since nobody could
// use them any more, unless it is forced; use rekeys them.
func (p *Platform) RotatePepper(ctx context.Context, text string, force bool) (Step, error) {
	peppers, err := auth.ParsePeppers(text)
	if err != nil {
		return Step{}, err
	}
	ids := peppers.IDs()
	current, newest := ids[0], newestOf(ids)
	switch {
	case len(ids) == 1:
		next, err := auth.AddPepper(text)
		return Step{next, "A new pepper proves, and does not hash yet. Give this DCODER_PEPPERS to every process, then take the next step."}, err
	case current != newest:
		next, err := auth.PromotePepper(text, newest)
		return Step{next, "The new pepper hashes from now on, and keys are rekeyed as they are used. Give this DCODER_PEPPERS to every process, then take the last step when the keys that matter have been used."}, err
	}
	left, err := postgres.NewKeys(p.Databases).UnderOtherPeppers(ctx, current)
	if err != nil {
		return Step{}, fmt.Errorf("count keys under old peppers: %w", err)
	}
	if len(left) > 0 && !force {
		return Step{Say: waiting(left)}, nil
	}
	for _, old := range ids[1:] {
		if text, err = auth.RemovePepper(text, old); err != nil {
			return Step{}, err
		}
	}
	return Step{text, "The old pepper is gone. Give this DCODER_PEPPERS to every process."}, nil
}

// newestOf returns the highest of p1, p2 ... p10.
func newestOf(ids []string) string {
	newest := ids[0]
	for _, id := range ids {
		if len(id) > len(newest) || len(id) == len(newest) && id > newest {
			newest = id
		}
	}
	return newest
}

func waiting(left map[string]int) string {
	keys, named := 0, []string{}
	for tenant, n := range left {
		keys += n
		if len(named) < 10 {
			named = append(named, tenant)
		}
	}
	return fmt.Sprintf("%d keys of %d tenants (%s ...) have not been used since; they would be refused. Rotate or delete them, wait, or say -force.", keys, len(left), strings.Join(named, ", "))
}
