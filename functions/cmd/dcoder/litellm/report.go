package litellm

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Report writes what was done, and what of the file was not taken, by its path.
// No secret is in it.
func (p *Plan) Report(w io.Writer, done []Done) {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, d := range done {
		_, _ = fmt.Fprintf(t, "%s\t%s\n", d.State, d.What)
	}
	not := slices.Clone(p.NotTaken)
	slices.SortStableFunc(not, func(a, b NotTaken) int { return strings.Compare(a.Path, b.Path) })
	if len(not) > 0 {
		_ = t.Flush()
		_, _ = fmt.Fprintln(w, "\nnot taken:")
	}
	for _, n := range not {
		_, _ = fmt.Fprintf(t, "%s\t%s\n", n.Path, n.Why)
	}
	_ = t.Flush()
}
