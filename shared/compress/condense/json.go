package condense

import (
	"slices"
	"strings"
)

// Minify writes JSON without space between its signs, and arrays of objects that
// have the same keys as a table: {"columns":[...],"rows":[[...],...]}, where that
// is shorter. Rows turns a table back. What is no JSON stays.
func Minify(text string) string {
	n, ok := parseJSON(text)
	if !ok {
		return text
	}
	n.tables()
	return shorter(n.String(), text)
}

// Rows is Minify's way back, but for space: tables become arrays of objects again.
func Rows(text string) string {
	n, ok := parseJSON(text)
	if !ok {
		return text
	}
	n.each(func(n *node) { n.untabulate() })
	return n.String()
}

// Members cuts what says nothing from JSON: members that are null or empty, links
// to the thing itself and to pictures. It also minifies.
func Members(text string) string {
	n, ok := parseJSON(text)
	if !ok {
		return text
	}
	n.prune()
	n.tables()
	return shorter(n.String(), text)
}

// tables makes tables, unless the text has something that looks like one.
func (n *node) tables() {
	taken := false
	n.each(func(n *node) { taken = taken || n.looksTable() })
	if !taken {
		n.each(func(n *node) { n.tabulate() })
	}
}

// each visits the parts of n before n itself.
func (n *node) each(visit func(*node)) {
	for _, m := range n.members {
		m.each(visit)
	}
	visit(n)
}

const (
	columns = `"columns"`
	rows    = `"rows"`
)

// fewestRows of a table make its head worth it.
const fewestRows = 3

func (n *node) tabulate() {
	if n.open != '[' || len(n.members) < fewestRows {
		return
	}
	head := n.members[0]
	for _, m := range n.members {
		if m.open != '{' || len(m.keys) == 0 || !slices.Equal(m.keys, head.keys) || repeats(m.keys) {
			return
		}
	}
	table := &node{open: '{', keys: []string{columns, rows}, members: []*node{{open: '['}, {open: '['}}}
	for _, k := range head.keys {
		table.members[0].members = append(table.members[0].members, &node{raw: k})
	}
	for _, m := range n.members {
		table.members[1].members = append(table.members[1].members, &node{open: '[', members: m.members})
	}
	*n = *table
}

func repeats(keys []string) bool {
	sorted := slices.Sorted(slices.Values(keys))
	return len(slices.Compact(sorted)) != len(keys)
}

func (n *node) looksTable() bool {
	return n.open == '{' && slices.Equal(n.keys, []string{columns, rows})
}

func (n *node) untabulate() {
	if !n.looksTable() {
		return
	}
	if n.members[0].open != '[' || n.members[1].open != '[' {
		return
	}
	var keys []string
	for _, k := range n.members[0].members {
		keys = append(keys, k.raw)
	}
	all := &node{open: '['}
	for _, r := range n.members[1].members {
		if r.open != '[' || len(r.members) != len(keys) {
			return
		}
		all.members = append(all.members, &node{open: '{', keys: keys, members: r.members})
	}
	*n = *all
}

// idle are keys whose values lead nowhere for a reader: links of REST interfaces.
var idle = map[string]bool{
	`"self"`: true, `"links"`: true, `"_links"`: true, `"avatarUrls"`: true, `"avatar"`: true, `"avatarUrl"`: true, `"avatar_url"`: true,
	`"iconUrl"`: true, `"href"`: true, `"gravatar_id"`: true, `"node_id"`: true,
}

func (n *node) prune() {
	if n.open == '[' {
		for _, m := range n.members {
			m.prune()
		}
		return
	}
	var keys []string
	var members []*node
	for i, m := range n.members {
		if idle[n.keys[i]] {
			continue
		}
		if m.prune(); !m.empty() {
			keys, members = append(keys, n.keys[i]), append(members, m)
		}
	}
	n.keys, n.members = keys, members
}

func (n *node) empty() bool {
	if n.open != 0 {
		return len(n.members) == 0
	}
	return n.raw == "null" || strings.Trim(n.raw, `"`) == "" && n.raw != ""
}
