package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// deepestAlias is how many aliases may stand in a row; as llm.DeepestAlias, with
// which calls are planned.
const deepestAlias = 4

// checkTargets refuses what leads nowhere. Aliases of aliases are looked at under
// a lock, so that two changes together make no loop either.
func checkTargets(ctx context.Context, tx pgx.Tx, in dcoder.Alias) error {
	known, err := providerNames(ctx, tx)
	if err != nil {
		return err
	}
	for i, t := range in.Targets {
		if t.Alias == "" && !known[t.Provider] {
			return dcoder.Invalid(fmt.Sprintf("targets[%d].provider", i), "the tenant has no such provider: set it first")
		}
	}
	if _, err := tx.Exec(ctx, `LOCK TABLE aliases IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return fmt.Errorf("lock aliases: %w", err)
	}
	all, err := aliasesOfAliases(ctx, tx)
	if err != nil {
		return err
	}
	for i, t := range in.Targets {
		if _, ok := all[t.Alias]; t.Alias != "" && !ok && t.Alias != in.Alias {
			return dcoder.Invalid(fmt.Sprintf("targets[%d].alias", i), "the tenant has no such alias: set it first")
		}
	}
	all[in.Alias] = in.Targets
	return checkDepth(all, in)
}

func providerNames(ctx context.Context, tx pgx.Tx) (map[string]bool, error) {
	rows, err := tx.Query(ctx, `SELECT name FROM providers`)
	if err != nil {
		return nil, fmt.Errorf("list providers: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list providers: %w", err)
	}
	known := make(map[string]bool, len(names))
	for _, n := range names {
		known[n] = true
	}
	return known, nil
}

func aliasesOfAliases(ctx context.Context, tx pgx.Tx) (map[string][]dcoder.Target, error) {
	rows, err := tx.Query(ctx, `SELECT `+aliasColumns+` FROM aliases`)
	if err != nil {
		return nil, fmt.Errorf("list aliases: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanAlias)
	if err != nil {
		return nil, fmt.Errorf("list aliases: %w", err)
	}
	all := make(map[string][]dcoder.Target, len(list))
	for _, a := range list {
		all[a.Alias] = a.Targets
	}
	return all, nil
}

// checkDepth follows every alias to its end. Only the new one can have made a
// loop, or too long a row of which it is any part.
func checkDepth(all map[string][]dcoder.Target, in dcoder.Alias) error {
	rows := rowsOf{all: all, long: map[string]int{}}
	for name := range all {
		if rows.from(name) <= deepestAlias {
			continue
		}
		for i, t := range in.Targets {
			if t.Alias != "" {
				return dcoder.Invalid(fmt.Sprintf("targets[%d].alias", i), "this makes a loop, or more than %d aliases in a row", deepestAlias)
			}
		}
	}
	return nil
}

// rowsOf finds how many aliases stand in a row.
type rowsOf struct {
	all  map[string][]dcoder.Target
	long map[string]int // 0: not looked at yet
}

// endless is the length of a row that leads back into itself.
const endless = 1 << 20

func (r *rowsOf) from(name string) int {
	if n := r.long[name]; n > 0 {
		return n
	}
	r.long[name] = endless // who comes back here has gone in a circle
	n := 0
	for _, t := range r.all[name] {
		if t.Alias != "" {
			n = max(n, r.from(t.Alias))
		}
	}
	r.long[name] = n + 1
	return n + 1
}

// checkUnused refuses to take a name away that other aliases stand for.
func checkUnused(ctx context.Context, tx pgx.Tx, alias string) error {
	all, err := aliasesOfAliases(ctx, tx)
	if err != nil {
		return err
	}
	for name, targets := range all {
		for _, t := range targets {
			if t.Alias == alias {
				return dcoder.Conflict("alias_in_use", "the alias %q points to it: point that elsewhere first", name)
			}
		}
	}
	return nil
}
