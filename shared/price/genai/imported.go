package genai

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// Import reads the file for a tenant: the prices of our dialects that hold at a
// moment, and what was not taken. The prices carry the version. An error means
// that the whole is no such file.
func Import(raw []byte, version string, at time.Time) (taken []price.Imported, not []price.Untaken, err error) {
	var providers []Provider
	if err := json.Unmarshal(raw, &providers); err != nil {
		return nil, nil, fmt.Errorf("read price data: %w", err)
	}
	for _, p := range providers {
		dialects := dialectsOf(p.ID)
		if len(dialects) == 0 {
			not = append(not, price.Untaken{Name: p.ID, Why: "no dialect serves this provider"})
		}
		for _, raw := range p.Models {
			if len(dialects) == 0 {
				break
			}
			one, why := importModel(raw, version, at)
			one.Name = p.ID + "/" + one.Name
			if why != "" {
				not = append(not, price.Untaken{Name: one.Name, Why: why})
				continue
			}
			for _, d := range dialects {
				one.Dialect = d
				taken = append(taken, one)
			}
		}
	}
	return taken, not, nil
}

func dialectsOf(provider string) []string {
	switch provider {
	case "openai", "anthropic", "groq":
		return []string{provider}
	case "google":
		return []string{"google", "vertex"}
	}
	return nil
}

func importModel(raw json.RawMessage, version string, at time.Time) (one price.Imported, why string) {
	m, err := Read(raw)
	one.Name = m.ID
	if err != nil {
		return one, err.Error()
	}
	if one.Names, err = m.Match.Globs(); err != nil {
		return one, err.Error()
	}
	day := at.UTC().Format(time.DateOnly)
	var rates map[string]Rate
	for _, d := range m.Prices {
		if d.Start <= day {
			rates = d.Rates
		}
	}
	one.Price.Version = version
	if why = into(&one.Price, rates); why != "" {
		return one, why
	}
	if field := price.Absurd(&one.Price); field != "" {
		return one, field + " is no price that anybody can mean"
	}
	if one.Price.Free() {
		return one, "has no price"
	}
	return one, ""
}

// into sets the rates that a price has, or says which it has not.
func into(p *dcoder.Price, rates map[string]Rate) (why string) {
	fields := map[string][2]*dcoder.Micros{
		"input_mtok": {&p.Input, &p.LongInput}, "output_mtok": {&p.Output, &p.LongOutput},
		"cache_read_mtok": {&p.CachedInput, &p.LongCachedInput}, "cache_write_mtok": {&p.CacheWrite, &p.LongCacheWrite},
		"cache_write_1h_mtok": {&p.CacheWrite1h, &p.LongCacheWrite1h}, "input_audio_mtok": {&p.AudioInput}, "cache_audio_read_mtok": {&p.CachedAudio},
		"output_audio_mtok": {&p.AudioOutput}, "output_image_mtok": {&p.ImageOutput}, "web_searches_kcount": {&p.WebSearches},
	}
	keys := make([]string, 0, len(rates))
	for key := range rates {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		f := fields[key]
		if f[0] == nil {
			return "costs in a way that is not known here: " + key
		}
		if err := rates[key].into(p, f); err != nil {
			return strings.TrimSpace(key + " " + err.Error())
		}
	}
	return ""
}

func (r Rate) into(p *dcoder.Price, f [2]*dcoder.Micros) (err error) {
	if *f[0], err = price.Micros(r.Base, price.PerMillion); err != nil || r.Start == "" {
		return err
	}
	from, err := price.Micros(r.Start, 0)
	switch {
	case err != nil:
		return err
	case f[1] == nil || p.LongFrom != 0 && p.LongFrom != from:
		return fmt.Errorf("has a threshold that is not known here")
	}
	p.LongFrom = from
	*f[1], err = price.Micros(r.Above, price.PerMillion)
	return err
}
