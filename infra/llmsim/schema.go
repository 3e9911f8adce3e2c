package llmsim

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// schemaNode is the part of JSON Schema (draft 2020-12, and what providers take
// of it) that instances are made from. Type may be a string or a list; Google
// writes types in capitals.
type schemaNode struct {
	Type             typeNames              `json:"type"`
	Nullable         bool                   `json:"nullable"`
	Properties       map[string]*schemaNode `json:"properties"`
	PropertyOrdering []string               `json:"propertyOrdering"`
	Required         []string               `json:"required"`
	Items            *schemaNode            `json:"items"`
	MinItems         int                    `json:"minItems"`
	MaxItems         *int                   `json:"maxItems"`
	Enum             []json.RawMessage      `json:"enum"`
	Const            json.RawMessage        `json:"const"`
	Minimum          *float64               `json:"minimum"`
	Maximum          *float64               `json:"maximum"`
	ExclusiveMinimum *float64               `json:"exclusiveMinimum"`
	ExclusiveMaximum *float64               `json:"exclusiveMaximum"`
	MultipleOf       *float64               `json:"multipleOf"`
	MinLength        int                    `json:"minLength"`
	MaxLength        *int                   `json:"maxLength"`
	Pattern          string                 `json:"pattern"`
	Format           string                 `json:"format"`
	AnyOf            []*schemaNode          `json:"anyOf"`
	OneOf            []*schemaNode          `json:"oneOf"`
	AllOf            []*schemaNode          `json:"allOf"`
	Ref              string                 `json:"$ref"`
	Defs             map[string]*schemaNode `json:"$defs"`
	Definitions      map[string]*schemaNode `json:"definitions"`
}

type typeNames []string

// UnmarshalJSON takes a name or a list of names.
func (t *typeNames) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = typeNames{strings.ToLower(one)}
		return nil
	}
	var many []string
	err := json.Unmarshal(b, &many)
	for _, s := range many {
		*t = append(*t, strings.ToLower(s))
	}
	return err
}

// maker fills one instance.
type maker struct {
	root  *schemaNode
	hint  *hint
	depth int
	nums  int // numbers and names of the hint that are used up
	names int
}

// maxDepth ends recursive schemas: below it only what is required is made.
const maxDepth = 6

// instanceOf returns JSON text that fits the schema, or "{}" when the schema is
// none.
func instanceOf(schema json.RawMessage, h *hint) string {
	var root schemaNode
	if json.Unmarshal(schema, &root) != nil {
		return "{}"
	}
	m := &maker{root: &root, hint: h}
	var b strings.Builder
	m.write(&b, &root, "")
	return b.String()
}

func (m *maker) write(b *strings.Builder, n *schemaNode, name string) {
	n = m.resolve(n)
	if m.depth++; m.depth > 4*maxDepth {
		b.WriteString("null")
		m.depth--
		return
	}
	defer func() { m.depth-- }()
	switch {
	case n.Const != nil:
		b.Write(n.Const)
	case len(n.Enum) > 0:
		b.Write(m.choose(n.Enum))
	default:
		m.writeType(b, n, name)
	}
}

func (m *maker) writeType(b *strings.Builder, n *schemaNode, name string) {
	switch n.kind() {
	case "object":
		m.object(b, n)
	case "array":
		m.array(b, n, name)
	case "integer", "number":
		b.WriteString(m.number(n))
	case "boolean":
		b.WriteString("true")
	case "null":
		b.WriteString("null")
	default:
		b.WriteString(quoteJSON(m.text(n, name)))
	}
}

// kind returns the first type that is not null.
func (n *schemaNode) kind() string {
	for _, t := range n.Type {
		if t != "null" {
			return t
		}
	}
	switch {
	case len(n.Type) > 0:
		return "null"
	case n.Properties != nil:
		return "object"
	case n.Items != nil:
		return "array"
	}
	return "string"
}

func (m *maker) object(b *strings.Builder, n *schemaNode) {
	b.WriteByte('{')
	first := true
	for _, k := range n.keys() {
		required := slices.Contains(n.Required, k)
		if p := n.Properties[k]; p == nil || !required && m.depth > maxDepth {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(quoteJSON(k) + ":")
		m.write(b, n.Properties[k], k)
	}
	b.WriteByte('}')
}

// keys returns the properties in the caller's order where he gives one:
// propertyOrdering, then required, then the alphabet.
func (n *schemaNode) keys() []string {
	out := slices.Concat(n.PropertyOrdering, n.Required)
	rest := make([]string, 0, len(n.Properties))
	for k := range n.Properties {
		rest = append(rest, k)
	}
	slices.Sort(rest)
	seen := map[string]bool{}
	return slices.DeleteFunc(append(out, rest...), func(k string) bool {
		defer func() { seen[k] = true }()
		return seen[k]
	})
}

func (m *maker) array(b *strings.Builder, n *schemaNode, name string) {
	count := max(n.MinItems, 1)
	if n.MaxItems != nil {
		count = min(count, *n.MaxItems)
	}
	if m.depth > maxDepth {
		count = n.MinItems
	}
	count = min(count, 1000)
	b.WriteByte('[')
	for i := range count {
		if i > 0 {
			b.WriteByte(',')
		}
		item := n.Items
		if item == nil {
			item = &schemaNode{}
		}
		m.write(b, item, name)
	}
	b.WriteByte(']')
}

// choose prefers a value that the user named.
func (m *maker) choose(values []json.RawMessage) json.RawMessage {
	for _, v := range values {
		var s string
		if json.Unmarshal(v, &s) == nil && s != "" && strings.Contains(m.hint.text, strings.ToLower(s)) {
			return v
		}
	}
	return values[0]
}

// number takes the user's next number where it fits, else the one nearest to
// zero that does.
func (m *maker) number(n *schemaNode) string {
	if m.nums < len(m.hint.numbers) {
		s := m.hint.numbers[m.nums]
		m.nums++
		if v, err := strconv.ParseFloat(s, 64); err == nil && n.fits(v) {
			return formatNumber(v)
		}
	}
	return formatNumber(n.anyNumber())
}

func (n *schemaNode) fits(v float64) bool {
	lo, hi := n.bounds()
	whole := n.kind() != "integer" || v == math.Trunc(v)
	multiple := n.MultipleOf == nil || *n.MultipleOf <= 0 || math.Mod(v, *n.MultipleOf) == 0
	above := n.ExclusiveMinimum == nil || v > *n.ExclusiveMinimum
	below := n.ExclusiveMaximum == nil || v < *n.ExclusiveMaximum
	return whole && multiple && v >= lo && v <= hi && above && below
}

func (n *schemaNode) bounds() (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	for _, v := range []*float64{n.Minimum, n.ExclusiveMinimum} {
		if v != nil {
			lo = max(lo, *v)
		}
	}
	for _, v := range []*float64{n.Maximum, n.ExclusiveMaximum} {
		if v != nil {
			hi = min(hi, *v)
		}
	}
	return lo, hi
}

// anyNumber walks from the bound that is nearest to zero in steps that can fit.
func (n *schemaNode) anyNumber() float64 {
	lo, hi := n.bounds()
	step := 1.0
	if n.MultipleOf != nil && *n.MultipleOf > 0 {
		step = *n.MultipleOf
	}
	v := min(max(1, lo), hi)
	if n.kind() == "integer" || n.MultipleOf != nil {
		v = math.Ceil(v/step) * step
	}
	for _, c := range []float64{v, v + step, v - step, (lo + hi) / 2} {
		if n.fits(c) {
			return c
		}
	}
	return v
}

func formatNumber(v float64) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "1"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
