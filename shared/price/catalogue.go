package price

import (
	"strings"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

var shelves = sync.OnceValue(func() map[string]*shelf { return parse(table) })

// Find returns the catalogue's price of a model of a dialect at this moment, or
// nil. A name with a date behind it ("gpt-4o-2024-11-20") is the model before the
// date. The result is shared: it must not be written to.
func Find(dialect, model string) *dcoder.Price { return FindAt(dialect, model, time.Now()) }

// FindAt is Find at another moment: prices change on known days.
func FindAt(dialect, model string, at time.Time) *dcoder.Price {
	all := shelves()
	s := all[dialect]
	if s == nil {
		return nil
	}
	if p := s.find(all, model); p != nil {
		return p.at(at.Unix())
	}
	return nil
}

// Models lists the models of a dialect, sorted. It must not be written to.
func Models(dialect string) []string {
	if s := shelves()[dialect]; s != nil {
		return s.models
	}
	return nil
}

// find looks for the name itself, then for what was found before, then for
// patterns. The hot path ends at the first or the second.
func (s *shelf) find(all map[string]*shelf, model string) *prices {
	if p := s.named[model]; p != nil {
		return p
	}
	if p := s.found.get(model); p != nil {
		return p
	}
	p := s.search(strings.ToLower(model))
	for i := 0; p == nil && i < len(s.then); i++ {
		p = all[s.then[i]].find(all, model)
	}
	if p != nil {
		s.found.put(model, p)
	}
	return p
}

func (s *shelf) search(model string) *prices {
	if p := s.named[model]; p != nil {
		return p
	}
	for i := range s.globs {
		if glob(s.globs[i].glob, model) {
			return s.globs[i].prices
		}
	}
	if base, ok := cutDate(model); ok {
		return s.named[base]
	}
	return nil
}

// cutDate cuts "-2024-11-20" off a model's name.
func cutDate(model string) (base string, ok bool) {
	const shape = "-####-##-##"
	at := len(model) - len(shape)
	if at < 1 || !digits(shape, model[at:]) {
		return "", false
	}
	return model[:at], true
}
