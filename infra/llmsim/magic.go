package llmsim

import (
	"strconv"
	"strings"
	"time"
)

// parseMagic reads the behaviour out of a model's name: "sim-" and then words
// and values joined by "-", in any order:
//
//	status-429     an error of that status       retryafter-2s   with that header
//	cut-5          closed after 5 events         error-3         an error frame after 3 events
//	silence-30s    nothing for so long           after-2         ... but 2 events first
//	stall-30s      headers, then nothing         garbage-html    not what was asked for
//	tokens-200     so many tokens of answer      pace-5ms        so long between tokens
//	first-200ms    before the first token        headers-1s      before the headers
//	instant        pre-rendered bytes
//
// Words that it does not know are part of the name and mean nothing.
func parseMagic(model string) (f *Fault, instant bool) {
	rest, ok := strings.CutPrefix(model, "sim-")
	if !ok {
		return nil, false
	}
	f = &Fault{Kind: KindSlow}
	words := strings.Split(rest, "-")
	for i := 0; i < len(words); i++ {
		if words[i] == "instant" {
			instant = true
			continue
		}
		if set, known := magicWords[words[i]]; known && i+1 < len(words) && set(f, words[i+1]) {
			i++
		}
	}
	if f.check() != nil {
		return nil, instant
	}
	return f, instant
}

var magicWords = map[string]func(*Fault, string) bool{
	"status":     func(f *Fault, v string) bool { return number(v, &f.Status) && kind(f, KindStatus) },
	"cut":        func(f *Fault, v string) bool { return number(v, &f.After) && kind(f, KindCut) },
	"error":      func(f *Fault, v string) bool { return number(v, &f.After) && kind(f, KindErrorEvent) },
	"silence":    func(f *Fault, v string) bool { return span(v, &f.For) && kind(f, KindSilence) },
	"stall":      func(f *Fault, v string) bool { return span(v, &f.For) && kind(f, KindStall) },
	"garbage":    func(f *Fault, v string) bool { f.Garbage = v; return kind(f, KindGarbage) },
	"after":      func(f *Fault, v string) bool { return number(v, &f.After) },
	"retryafter": func(f *Fault, v string) bool { return span(v, &f.RetryAfter) },
	"tokens":     func(f *Fault, v string) bool { return number(v, &f.Tokens) },
	"pace":       func(f *Fault, v string) bool { return span(v, &f.Latency.PerToken) },
	"first":      func(f *Fault, v string) bool { return span(v, &f.Latency.FirstToken) },
	"headers":    func(f *Fault, v string) bool { return span(v, &f.Latency.Headers) },
}

func kind(f *Fault, k Kind) bool {
	f.Kind = k
	return true
}

func number(v string, into *int) bool {
	n, err := strconv.Atoi(v)
	if err == nil {
		*into = n
	}
	return err == nil
}

func span(v string, into *Duration) bool {
	d, err := time.ParseDuration(v)
	if err == nil {
		*into = Duration(d)
	}
	return err == nil
}
