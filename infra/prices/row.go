package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/price/genai"
)

// writeModel writes a model and its prices, or says why it does not.
func writeModel(b *strings.Builder, dialect string, m *genai.Model) error {
	if why := left(m.ID, m.Free()); why != "" {
		fmt.Fprintf(os.Stderr, "left out: %s, %s: %s\n", dialect, m.ID, why)
		return nil
	}
	names, err := m.Match.Globs()
	if err != nil {
		return err
	}
	first := "-"
	if m.Match.Takes(m.ID) && !unlisted[m.ID] {
		first = m.ID
	}
	names = without(names, first)
	fmt.Fprintln(b, strings.TrimSpace(first+" "+strings.Join(names, " ")))
	for i, p := range m.Prices {
		line, err := rates(dialect, m.ID, p)
		if err != nil {
			return err
		}
		if most := longest[dialect][m.ID]; i == 0 && most > 0 {
			line += fmt.Sprintf(" max=%d", most)
		}
		fmt.Fprintln(b, strings.TrimRight("\t"+line, " "))
	}
	return nil
}

func without(names []string, first string) []string {
	var out []string
	for _, n := range names {
		if n != first {
			out = append(out, n)
		}
	}
	return out
}

// words are the table's names of the data's rates, in the table's order.
var words = []struct{ key, word string }{
	{"input_mtok", "in"},
	{"cache_read_mtok", "cached"},
	{"cache_write_mtok", "write"},
	{"cache_write_1h_mtok", "write1h"},
	{"output_mtok", "out"},
	{"input_audio_mtok", "audio"},
	{"cache_audio_read_mtok", "cachedaudio"},
	{"output_audio_mtok", "audioout"},
	{"output_image_mtok", "imageout"},
	{"web_searches_kcount", "searches"},
}

// unread are rates of input that no route takes, by model: an embedding of
// pictures and films.
var unread = map[string]bool{"input_image_mtok": true, "input_video_mtok": true}

func rates(dialect, model string, p genai.Dated) (string, error) {
	out := []string{}
	if p.Start != "" {
		out = append(out, "from="+p.Start)
	}
	long, from, known := []string{}, "", 0
	for _, w := range words {
		r, ok := p.Rates[w.key]
		if !ok {
			continue
		}
		known++
		out = append(out, w.word+"="+r.Base)
		if r.Start == "" {
			continue
		}
		if from != "" && from != r.Start {
			return "", fmt.Errorf("two thresholds: %s and %s", from, r.Start)
		}
		from = r.Start
		long = append(long, "long"+w.word+"="+r.Above)
	}
	for key := range p.Rates {
		if unread[key] {
			known++
		}
	}
	if known != len(p.Rates) {
		return "", fmt.Errorf("rates that the table has no words for: %v", p.Rates)
	}
	if from != "" {
		out = append(append(out, "long="+from), long...)
	}
	out = append(out, hours(dialect, p)...)
	if t := tiers[dialect][model]; t != "" {
		out = append(out, t)
	}
	return strings.Join(out, " "), nil
}

// hours is what an hour's cache write of Claude on Vertex costs: twice the input,
// as cloud.google.com/vertex-ai/generative-ai/pricing gives it; the data has the
// five minutes' only.
func hours(dialect string, p genai.Dated) []string {
	if dialect != "vertex" {
		return nil
	}
	in := p.Rates["input_mtok"]
	out := []string{"write1h=" + genai.Twice(in.Base)}
	if in.Above != "" {
		out = append(out, "longwrite1h="+genai.Twice(in.Above))
	}
	return out
}
