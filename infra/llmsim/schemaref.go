package llmsim

import "strings"

// resolve follows references and merges allOf; of anyOf and oneOf it takes the
// first that is not null (the last, when the schema is deep: the way out of a
// recursion is usually null).
func (m *maker) resolve(n *schemaNode) *schemaNode {
	for range 32 { // a chain of references that is longer is a circle
		switch {
		case n == nil:
			return &schemaNode{}
		case n.Ref != "":
			n = m.lookup(n.Ref)
		case len(n.AnyOf) > 0:
			n = merge(n, m.alternative(n.AnyOf))
		case len(n.OneOf) > 0:
			n = merge(n, m.alternative(n.OneOf))
		case len(n.AllOf) > 0:
			n = m.all(n)
		default:
			return n
		}
	}
	return &schemaNode{Type: typeNames{"null"}}
}

func (m *maker) alternative(options []*schemaNode) *schemaNode {
	for _, o := range options {
		null := o == nil || len(o.Type) == 1 && o.Type[0] == "null"
		if null == (m.depth > maxDepth) && o != nil {
			return o
		}
	}
	if options[0] == nil {
		return &schemaNode{}
	}
	return options[0]
}

// all merges the members of allOf into n.
func (m *maker) all(n *schemaNode) *schemaNode {
	out := *n
	out.AllOf = nil
	for _, part := range n.AllOf {
		out = *merge(&out, m.resolve(part))
	}
	return &out
}

// merge returns part with what base says beside it.
func merge(base, part *schemaNode) *schemaNode {
	out := *part
	if len(out.Type) == 0 {
		out.Type = base.Type
	}
	if len(base.Properties) > 0 {
		all := map[string]*schemaNode{}
		for k, v := range base.Properties {
			all[k] = v
		}
		for k, v := range part.Properties {
			all[k] = v
		}
		out.Properties = all
	}
	out.Required = append(append([]string{}, base.Required...), part.Required...)
	return &out
}

// lookup finds "#", "#/$defs/Name" and "#/definitions/Name".
func (m *maker) lookup(ref string) *schemaNode {
	if ref == "#" {
		return m.root
	}
	if name, ok := strings.CutPrefix(ref, "#/$defs/"); ok {
		return m.root.Defs[name]
	}
	if name, ok := strings.CutPrefix(ref, "#/definitions/"); ok {
		return m.root.Definitions[name]
	}
	return nil
}
