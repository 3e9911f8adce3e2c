package access

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

type keyAnswer struct {
	Status int
	Body   dcoder.VirtualKey
}

type newKeyAnswer struct {
	Status int
	Body   newKey
}

type newKey struct {
	dcoder.VirtualKey
	Secret string `json:"secret" doc:"the whole key, as clients send it; shown this once"`
}

type keyID struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *access) createKey(ctx context.Context, in *createKey) (*newKeyAnswer, error) {
	key, limits, err := in.Body.read(dcoder.PrincipalOf(ctx), modelsOf(ctx), time.Now().UTC())
	if err != nil {
		return nil, err
	}
	issued, hashed := a.Issuer.Issue(tenant(ctx), key.ID)
	out := &newKeyAnswer{201, newKey{key, issued.Text}}
	if err := function.Remember(ctx, out); err != nil {
		return nil, err
	}
	if err := a.Keys.Create(ctx, tenant(ctx), key, hashed, limits); err != nil {
		return nil, err
	}
	return out, nil
}

type keyPage struct {
	Body function.Page[dcoder.VirtualKey]
}

func (a *access) listKeys(ctx context.Context, in *function.PageInput) (*keyPage, error) {
	after, err := function.DecodeCursor[dcoder.Position](in.Cursor)
	if err != nil {
		return nil, err
	}
	keys, err := a.Keys.List(ctx, tenant(ctx), after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(keys) > in.Limit {
		keys = keys[:in.Limit]
		last := keys[len(keys)-1]
		next = function.EncodeCursor(dcoder.Position{At: last.Created, ID: last.ID})
	}
	return &keyPage{function.NewPage(keys, next)}, nil
}

func (a *access) getKey(ctx context.Context, in *keyID) (*keyAnswer, error) {
	key, err := a.Keys.Get(ctx, tenant(ctx), in.ID)
	return &keyAnswer{200, key}, err
}

type rotateKey struct {
	ID   string `path:"id" maxLength:"64"`
	Body *struct {
		OverlapSeconds *int64 `json:"overlapSeconds,omitempty" minimum:"0" maximum:"2592000" doc:"how long the secret before stays good; default an hour"`
	}
}

const usualOverlap = int64(3600)

func (a *access) rotateKey(ctx context.Context, in *rotateKey) (*newKeyAnswer, error) {
	before, err := a.Keys.Get(ctx, tenant(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	if err := mayGive(dcoder.PrincipalOf(ctx), before.Role, before.Scopes); err != nil {
		return nil, err
	}
	overlap := usualOverlap
	if in.Body != nil && in.Body.OverlapSeconds != nil {
		overlap = *in.Body.OverlapSeconds
	}
	issued, hashed := a.Issuer.Issue(tenant(ctx), before.ID)
	key := before
	key.Rotated = time.Now().UTC().Truncate(time.Microsecond) // as it will be read again
	key.PreviousUntil = key.Rotated.Add(time.Duration(overlap) * time.Second)
	out := &newKeyAnswer{200, newKey{key, issued.Text}}
	if err := function.Remember(ctx, out); err != nil {
		return nil, err
	}
	if _, err := a.Keys.Rotate(ctx, tenant(ctx), in.ID, hashed, key.Rotated, key.PreviousUntil); err != nil {
		return nil, err
	}
	return out, nil
}

func (a *access) blockKey(ctx context.Context, in *keyID) (*keyAnswer, error) {
	return a.setBlocked(ctx, in.ID, true, a.Keys.Block)
}

func (a *access) unblockKey(ctx context.Context, in *keyID) (*keyAnswer, error) {
	return a.setBlocked(ctx, in.ID, false, a.Keys.Unblock)
}

func (a *access) setBlocked(ctx context.Context, id string, blocked bool, set func(context.Context, string, string) (dcoder.VirtualKey, error)) (*keyAnswer, error) {
	key, err := a.Keys.Get(ctx, tenant(ctx), id)
	if err != nil {
		return nil, err
	}
	key.Blocked = blocked
	out := &keyAnswer{200, key}
	if err := function.Remember(ctx, out); err != nil {
		return nil, err
	}
	if _, err := set(ctx, tenant(ctx), id); err != nil {
		return nil, err
	}
	return out, nil
}

func (a *access) deleteKey(ctx context.Context, in *keyID) (*gone, error) {
	return noContent, a.Keys.Delete(ctx, tenant(ctx), in.ID)
}
