package postgres

import (
	"context"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// All returns every tenant's record, in pages.
func (s *Tenants) All(ctx context.Context) (all []dcoder.Tenant, err error) {
	const page = 1000
	var after dcoder.Position
	for {
		some, err := s.List(ctx, after, page)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < page {
			return all, nil
		}
		last := some[len(some)-1]
		after = dcoder.Position{At: last.Created, ID: last.ID}
	}
}
