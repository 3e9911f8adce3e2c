package price

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// table is written by infra/prices. "= dialect then=others tier=share" begins the
// models of a dialect; a line is a model, its first name listed ("-" for none)
// and all that stand for it (see glob); indented lines are its prices, in units
// of currency for a million tokens, each from a day on:
//
//	gpt-4o gpt-4o-2024-11-20
//		in=2.5 cached=1.25 out=10 max=16384 priority=4.25/2.125/17
//
//go:embed catalogue.txt
var table string

// dated is a price from a moment on, Unix seconds.
type dated struct {
	from  int64
	price dcoder.Price
}

// prices of one model, oldest first.
type prices []dated

func (p prices) at(unix int64) *dcoder.Price {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].from <= unix {
			return &p[i].price
		}
	}
	return nil
}

type pattern struct {
	glob   string
	prices *prices
}

// shelf is what one dialect offers.
type shelf struct {
	models []string // sorted, one name a model
	named  map[string]*prices
	globs  []pattern
	then   []string // dialects to ask when nothing is found here
	shares []dcoder.TierPrice
	found  cache
}

// parse reads a table. It panics on a mistake: the table is part of the program.
func parse(text string) map[string]*shelf {
	all := map[string]*shelf{}
	var s *shelf
	var model *prices
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0][0] == '#':
		case fields[0] == "=":
			s = newShelf(fields[2:])
			all[fields[1]] = s
		case line[0] == '\t':
			*model = append(*model, s.row(*model, fields))
		default:
			model = s.add(fields)
		}
	}
	for _, s := range all {
		for _, other := range s.then {
			s.borrow(all[other])
		}
	}
	for _, s := range all {
		slices.Sort(s.models)
		s.models = slices.Compact(s.models)
	}
	return all
}

// borrow lists another dialect's models, unless they have prices of their own
// here under other names.
func (s *shelf) borrow(other *shelf) {
	for _, m := range other.models {
		if s.search(m) == nil {
			s.models = append(s.models, m)
		}
	}
}

func newShelf(options []string) *shelf {
	s := &shelf{named: map[string]*prices{}}
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		if name == "then" {
			s.then = strings.Split(value, ",")
			continue
		}
		s.shares = append(s.shares, tier(name, value))
	}
	return s
}

func (s *shelf) add(names []string) *prices {
	p := new(prices)
	if names[0] != "-" {
		s.models = append(s.models, names[0])
	} else {
		names = names[1:]
	}
	for _, n := range names {
		if strings.ContainsAny(n, "*#") {
			s.globs = append(s.globs, pattern{n, p})
		} else if s.named[n] == nil {
			s.named[n] = p
		}
	}
	return p
}

// row reads a price; what tiers and maximum it does not say, it has from the
// dialect and from the model's price before it.
func (s *shelf) row(before prices, fields []string) (d dated) {
	p := &d.price
	p.Version = Version
	if n := len(before); n > 0 {
		p.OutputMax = before[n-1].price.OutputMax
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		switch into := rateNamed(p, name); {
		case into != nil:
			*into = rate(value)
		case name == "from":
			d.from = day(value)
		case name == "long":
			p.LongFrom = number(value)
		case name == "max":
			p.OutputMax = number(value)
		default:
			p.Tiers = append(p.Tiers, tier(name, value))
		}
	}
	for _, t := range s.shares {
		if tierOf(p, t.Tier) == nil {
			p.Tiers = append(p.Tiers, t)
		}
	}
	return d
}

func rateNamed(p *dcoder.Price, name string) *dcoder.Micros {
	switch name {
	case "in":
		return &p.Input
	case "out":
		return &p.Output
	case "cached":
		return &p.CachedInput
	case "write":
		return &p.CacheWrite
	case "write1h":
		return &p.CacheWrite1h
	case "audio":
		return &p.AudioInput
	case "cachedaudio":
		return &p.CachedAudio
	case "audioout":
		return &p.AudioOutput
	case "imageout":
		return &p.ImageOutput
	case "searches":
		return &p.WebSearches
	case "longin":
		return &p.LongInput
	case "longout":
		return &p.LongOutput
	case "longcached":
		return &p.LongCachedInput
	case "longwrite":
		return &p.LongCacheWrite
	case "longwrite1h":
		return &p.LongCacheWrite1h
	}
	return nil
}

// tier reads "50%" or "input/cached/output".
func tier(name, value string) dcoder.TierPrice {
	t := dcoder.TierPrice{Tier: name}
	if percent, ok := strings.CutSuffix(value, "%"); ok {
		t.Percent = number(percent)
		return t
	}
	for i, r := range strings.Split(value, "/") {
		*[]*dcoder.Micros{&t.Input, &t.CachedInput, &t.Output}[i] = rate(r)
	}
	return t
}

func rate(text string) dcoder.Micros { return must(Micros(text, PerMillion)) }

func number(text string) int64 { return must(strconv.ParseInt(text, 10, 64)) }

func day(text string) int64 { return must(time.Parse(time.DateOnly, text)).Unix() }

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("price: the catalogue is broken: %v", err))
	}
	return v
}
