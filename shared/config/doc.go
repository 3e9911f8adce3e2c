package config

import (
	"fmt"
	"slices"
	"strings"
)

// Deployable is a process and its configuration struct.
type Deployable struct {
	Name   string // of its folder in functions/cmd or workflows/cmd
	Struct any
}

// Doc renders the page of all variables: one table, each variable with who
// reads it.
func Doc(deployables ...Deployable) []byte {
	readers := map[string][]string{}
	var all []Variable
	for _, d := range deployables {
		for _, v := range Variables(d.Struct) {
			if readers[v.Name] == nil {
				all = append(all, v)
			}
			readers[v.Name] = append(readers[v.Name], d.Name)
		}
	}
	slices.SortFunc(all, func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	b.WriteString(docHead)
	for _, v := range all {
		who := strings.Join(readers[v.Name], ", ")
		if len(readers[v.Name]) == len(deployables) {
			who = "all"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", v.Name, v.Type, v.standard(), who, v.meaning())
	}
	return []byte(b.String())
}

const docHead = `# Configuration

Rendered by ` + "`make render`" + ` from the structs that the processes read; edit those. Every variable can also come from a file:
set the variable with ` + "`_FILE`" + ` behind its name to the file's path. Wrong and missing values are named together when a process starts,
and no secret is ever printed.

| variable | form | default | read by | what it is |
| --- | --- | --- | --- | --- |
`

func (v Variable) standard() string {
	switch {
	case v.Default != "":
		return "`" + v.Default + "`"
	case v.Required:
		return "required"
	}
	return ""
}

func (v Variable) meaning() string {
	if v.Example == "" {
		return v.Doc
	}
	return v.Doc + "; for example `" + strings.ReplaceAll(v.Example, "|", `\|`) + "`"
}
