// Package genai reads the price data of github.com/pydantic/genai-prices (MIT), a
// file in its format "data-v2.json": providers, their models, how names match
// them, and rates for a million tokens with tiers and starting days. It knows no
// catalogue and no tenant.
package genai

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Provider is one provider of the data. Models are read one by one (see Read):
// some have rules that are not for every reader.
type Provider struct {
	ID     string            `json:"id"`
	Models []json.RawMessage `json:"models"`
}

// Read reads one of a provider's models. The model has its ID also when what it
// costs is an error.
func Read(raw json.RawMessage) (m Model, err error) {
	var name struct{ ID string }
	err = json.Unmarshal(raw, &m)
	if err != nil && json.Unmarshal(raw, &name) == nil {
		m.ID = name.ID
	}
	return m, err
}

// Model is one model and what it costs.
type Model struct {
	ID     string `json:"id"`
	Match  Match  `json:"match"`
	Prices Prices `json:"prices"`
}

// Free reports whether the data gives no rate.
func (m *Model) Free() bool { return len(m.Prices) == 0 || len(m.Prices[0].Rates) == 0 }

// Prices are the prices of a model, oldest first.
type Prices []Dated

// Dated are rates from a day on ("2026-03-13", "" for ever).
type Dated struct {
	Start string
	Rates map[string]Rate
}

// Rate is a price in US dollars for a million tokens (or a thousand calls), as
// the file writes it, and the one above a number of input tokens, where there is
// one.
type Rate struct{ Base, Start, Above string }

// UnmarshalJSON reads one price, or a list of prices with constraints.
func (p *Prices) UnmarshalJSON(raw []byte) error {
	if raw[0] != '[' {
		var one map[string]Rate
		if err := json.Unmarshal(raw, &one); err != nil {
			return err
		}
		*p = Prices{{Rates: one}}
		return nil
	}
	var all []struct {
		Constraint *map[string]string
		Prices     map[string]Rate
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	for _, one := range all {
		d := Dated{Rates: one.Prices}
		if one.Constraint != nil {
			if len(*one.Constraint) != 1 || (*one.Constraint)["start_date"] == "" {
				return fmt.Errorf("a constraint other than a starting day: %v", *one.Constraint)
			}
			d.Start = (*one.Constraint)["start_date"]
		}
		*p = append(*p, d)
	}
	return nil
}

// UnmarshalJSON reads a number, or a base and tiers.
func (r *Rate) UnmarshalJSON(raw []byte) error {
	if raw[0] != '{' {
		var n json.Number
		err := json.Unmarshal(raw, &n)
		r.Base = n.String()
		return err
	}
	var tiered struct {
		Base  json.Number
		Tiers []struct{ Start, Price json.Number }
	}
	if err := json.Unmarshal(raw, &tiered); err != nil {
		return err
	}
	if len(tiered.Tiers) != 1 {
		return fmt.Errorf("%d tiers, not one", len(tiered.Tiers))
	}
	r.Base, r.Start, r.Above = tiered.Base.String(), tiered.Tiers[0].Start.String(), tiered.Tiers[0].Price.String()
	return nil
}

// Twice doubles a decimal number below a million with at most six digits behind
// the point.
func Twice(decimal string) string {
	whole, fraction, _ := strings.Cut(decimal, ".")
	n, err := strconv.ParseInt(whole+(fraction + "000000")[:6], 10, 64)
	if err != nil {
		panic("twice of " + decimal)
	}
	s := fmt.Sprintf("%d.%06d", 2*n/1_000_000, 2*n%1_000_000)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
