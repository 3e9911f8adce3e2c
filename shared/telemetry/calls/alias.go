package calls

import (
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
)

// under tells families again under the names of a table.
func under(table []alias, families []metric.Family) (out []metric.Family) {
	for _, a := range table {
		for i := range families {
			if families[i].Name == a.from {
				out = append(out, a.tell(&families[i]))
			}
		}
	}
	return out
}

func (a *alias) tell(f *metric.Family) metric.Family {
	g := *f
	g.Name, g.Points = a.to, nil
	at := map[string]int{}
	for _, p := range f.Points {
		if !a.takes(p.Labels) {
			continue
		}
		q := metric.Point{Labels: a.renamed(p.Labels), Value: p.Value * or(a.scale, 1), Sum: p.Sum, Buckets: slices.Clone(p.Buckets)}
		id := key(q.Labels)
		i, there := at[id]
		if !there {
			at[id] = len(g.Points)
			g.Points = append(g.Points, q)
			continue
		}
		g.Points[i].Value += q.Value
		g.Points[i].Sum += q.Sum
		for n := range q.Buckets {
			g.Points[i].Buckets[n] += q.Buckets[n]
		}
	}
	return g
}

func (a *alias) takes(labels []metric.Label) bool {
	for _, l := range labels {
		if a.only[0] == l.Name && a.only[1] != l.Value || a.not[0] == l.Name && a.not[1] == l.Value {
			return false
		}
	}
	return true
}

func (a *alias) renamed(labels []metric.Label) (out []metric.Label) {
	for _, l := range labels {
		name, ok := a.labels[l.Name]
		if !ok {
			continue
		}
		if v := a.values[l.Value]; v != "" && l.Name == "provider" {
			l.Value = v
		}
		out = append(out, metric.Label{Name: name, Value: l.Value})
	}
	return out
}

func key(labels []metric.Label) string {
	var b strings.Builder
	for _, l := range labels {
		b.WriteString(l.Name + "\x00" + l.Value + "\x00")
	}
	return b.String()
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}
