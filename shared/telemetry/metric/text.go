package metric

import (
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// TextType is the content type of what WriteText writes.
const TextType = "text/plain; version=0.0.4; charset=utf-8"

// WriteText writes families in the Prometheus text format 0.0.4, sorted by name.
func WriteText(w io.Writer, families []Family) error {
	sorted := slices.Clone(families)
	slices.SortFunc(sorted, func(a, b Family) int { return strings.Compare(a.Name, b.Name) })
	var b []byte
	for i := range sorted {
		b = sorted[i].appendText(b)
	}
	_, err := w.Write(b)
	return err
}

var kindNames = [...]string{Counter: "counter", Gauge: "gauge", Histogram: "histogram"}

func (f *Family) appendText(b []byte) []byte {
	b = append(b, "# HELP "+f.Name+" "+escape(f.Help, false)+"\n# TYPE "+f.Name+" "+kindNames[f.Kind]+"\n"...)
	lines := make([]string, 0, len(f.Points))
	for i := range f.Points {
		p := &f.Points[i]
		if f.Kind == Histogram {
			lines = append(lines, f.histogram(p))
			continue
		}
		lines = append(lines, f.Name+labels(p.Labels, "")+" "+number(p.Value)+"\n")
	}
	slices.Sort(lines)
	return append(b, strings.Join(lines, "")...)
}

func (f *Family) histogram(p *Point) string {
	var b strings.Builder
	var sum uint64
	for i, n := range p.Buckets {
		sum += n
		le := math.Inf(1)
		if i < len(f.Bounds) {
			le = f.Bounds[i]
		}
		b.WriteString(f.Name + "_bucket" + labels(p.Labels, number(le)) + " " + strconv.FormatUint(sum, 10) + "\n")
	}
	b.WriteString(f.Name + "_sum" + labels(p.Labels, "") + " " + number(p.Sum) + "\n")
	b.WriteString(f.Name + "_count" + labels(p.Labels, "") + " " + strconv.FormatUint(sum, 10) + "\n")
	return b.String()
}

func labels(all []Label, le string) string {
	if le != "" {
		all = append(slices.Clip(all), Label{"le", le})
	}
	if len(all) == 0 {
		return ""
	}
	parts := make([]string, len(all))
	for i, l := range all {
		parts[i] = l.Name + `="` + escape(l.Value, true) + `"`
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func number(f float64) string {
	if math.IsInf(f, 1) {
		return "+Inf"
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', 12, 64)
}

// escape writes a text so that it stays on its line; quotes are special in the
// values of labels only.
func escape(s string, value bool) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), `\`, `\\`)
	s = strings.ReplaceAll(s, "\n", `\n`)
	if value {
		s = strings.ReplaceAll(s, `"`, `\"`)
	}
	return s
}
