package conformance_test

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// book is everything that was played.
type book struct {
	results  []*result
	excluded []string
	twins    map[*recording]*recording      // the same scenario as OpenAI's client said it
	uses     map[string]int                 // of rules
	mutants  map[*recording]map[string]bool // changes to its requests; whether a play sees them
}

func playAll(all []*recording) *book {
	b := &book{uses: map[string]int{}, mutants: map[*recording]map[string]bool{}, twins: map[*recording]*recording{}}
	b.findTwins(all)
	for _, r := range all {
		b.results = append(b.results, b.playOne(r))
	}
	return b
}

// share is how many of so many passed.
type share struct{ passed, all int }

func (s share) String() string {
	if s.all == 0 {
		return "."
	}
	return fmt.Sprintf("%d/%d", s.passed, s.all)
}

func (s share) percent() float64 { return 100 * float64(s.passed) / float64(max(s.all, 1)) }

// shares counts by provider and feature; "" is all of them.
func (b *book) shares() map[string]map[string]share {
	out := map[string]map[string]share{}
	for _, r := range b.results {
		for _, p := range []string{"", r.recording.provider()} {
			for _, f := range []string{"", r.recording.feature()} {
				if out[p] == nil {
					out[p] = map[string]share{}
				}
				s := out[p][f]
				if s.all++; r.passed() {
					s.passed++
				}
				out[p][f] = s
			}
		}
	}
	return out
}

// print writes the table, and what stands behind it.
func (b *book) print(w io.Writer) {
	all := b.shares()
	features := slices.Sorted(maps.Keys(all[""]))
	providers := slices.Sorted(maps.Keys(all))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "recorded interactions that pass\t"+strings.Join(append(providers[1:], "all"), "\t"))
	for _, f := range append(features[1:], "") {
		row := []string{f}
		if f == "" {
			row[0] = "all"
		}
		for _, p := range append(slices.Clone(providers[1:]), "") {
			row = append(row, all[p][f].String())
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush()
	b.printPlays(w)
	b.printRules(w)
	b.printFaults(w)
}

func (b *book) printPlays(w io.Writer) {
	plays, twins := 0, 0
	unsaid := map[string]int{}
	for _, r := range b.results {
		for _, o := range r.plays {
			switch {
			case o.unsaid != "":
				unsaid[r.recording.provider()+" in "+o.as+": "+o.unsaid]++
				continue
			case strings.HasPrefix(o.as, "twin "):
				twins++
			}
			plays++
		}
	}
	seen, mutants := b.seen()
	fmt.Fprintf(w, "\n%d plays, %d of them of the same scenario as a client of OpenAI said it; %d changes of one field of a request, %d seen\n", plays, twins, mutants, seen)
	fmt.Fprintf(w, "not offered: %s\n\nwhat a protocol has no words for:\n", strings.Join(b.excluded, ", "))
	printCounts(w, unsaid)
}

func (b *book) printRules(w io.Writer) {
	fmt.Fprintln(w, "\ndifferences that mean nothing, and in how many requests:")
	printCounts(w, b.uses)
}

func printCounts(w io.Writer, counts map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(w, "%6d  %s\n", counts[name], name)
	}
}

// printFaults lists what is wrong.
func (b *book) printFaults(w io.Writer) {
	for _, r := range b.results {
		for _, o := range r.plays {
			for _, f := range o.faults {
				fmt.Fprintln(w, "FAULT", r.recording.name, "|", o.as, "|", f)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(b.mutants[r.recording])) {
			if !b.mutants[r.recording][name] {
				fmt.Fprintln(w, "UNSEEN", r.recording.name, "|", name)
			}
		}
	}
}

// seen counts the changes of one field that a play sees.
func (b *book) seen() (seen, all int) {
	for _, m := range b.mutants {
		for _, s := range m {
			if all++; s {
				seen++
			}
		}
	}
	return seen, all
}
