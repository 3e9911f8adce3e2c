// Command licences lists under which licence each module stands that a deployable
// links, and refuses those that may not be linked: docs/licences.md. With -texts it
// also writes the texts themselves, one file a deployable, to go with the programs.
//
//	go run ./infra/licences [-texts dist/licences]
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// page is where the list stands.
const page = "docs/licences.md"

func main() {
	texts := flag.String("texts", "", "folder for the texts, one file a deployable")
	flag.Parse()
	if err := write(".", *texts); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func write(root, texts string) error {
	l, err := read(root)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, page), l.page(), 0o644); err != nil {
		return err
	}
	if texts != "" {
		if err := l.texts(texts); err != nil {
			return err
		}
	}
	return l.refused()
}

// list is what all deployables link.
type list struct {
	names    []string            // of deployables
	licences map[string]string   // by module
	text     map[string]string   // by module
	users    map[string][]string // deployables by module
}

func read(root string) (*list, error) {
	programs, err := deployables(root)
	if err != nil {
		return nil, err
	}
	l := &list{licences: map[string]string{}, text: map[string]string{}, users: map[string][]string{}}
	var packages []string
	for name, pkg := range programs {
		l.names = append(l.names, name)
		packages = append(packages, pkg)
	}
	slices.Sort(l.names)
	usual, err := linked(root, packages, "")
	if err != nil {
		return nil, err
	}
	lambda, err := linked(root, packages, "lambda,lambda.norpc")
	if err != nil {
		return nil, err
	}
	for _, name := range l.names {
		for _, m := range usual[programs[name]] {
			if err := l.add(m, name); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range l.names {
		for _, m := range lambda[programs[name]] {
			if err := l.add(m, onLambda); err != nil {
				return nil, err
			}
		}
	}
	return l, nil
}

// onLambda stands for a build for AWS Lambda, which is named for what it alone links.
const onLambda = "on Lambda"

func (l *list) add(m module, user string) (err error) {
	if _, known := l.licences[m.Path]; !known {
		if l.licences[m.Path], l.text[m.Path], err = licenceOf(m); err != nil {
			return err
		}
	}
	users := l.users[m.Path]
	if user == onLambda && len(users) > 0 || slices.Contains(users, user) {
		return nil
	}
	l.users[m.Path] = append(users, user)
	return nil
}

func (l *list) modules() (out []string) {
	for m := range l.licences {
		out = append(out, m)
	}
	slices.Sort(out)
	return out
}

// refused names the modules that may not be linked.
func (l *list) refused() error {
	var bad []string
	for _, m := range l.modules() {
		if !mayLink(l.licences[m]) && (exceptions[m] == "" || l.licences[m] != unknown) {
			bad = append(bad, fmt.Sprintf("%s is under %s", m, l.licences[m]))
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("only %s may be linked: %s", strings.Join(allowed, ", "), strings.Join(bad, "; "))
	}
	return nil
}

const head = `# Licences of what is linked

Rendered by ` + "`make licences`" + ` from the modules' own files. Only permissive licences and the MPL may be linked; a test refuses all else
(AGPL, GPL, SSPL, BUSL and unknown ones first). The texts go with the programs: ` + "`go run ./infra/licences -texts dist/licences`" + `.

| module | licence | linked by |
| --- | --- | --- |
`

func (l *list) page() []byte {
	var b strings.Builder
	b.WriteString(head)
	for _, m := range l.modules() {
		users := l.users[m]
		who := strings.Join(users, ", ")
		if len(users) >= len(l.names) {
			who = "all"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m, l.licences[m], who)
	}
	b.WriteString("\n## Exceptions\n\n")
	for _, m := range l.modules() {
		if exceptions[m] != "" {
			fmt.Fprintf(&b, "- %s: %s.\n", m, exceptions[m])
		}
	}
	return []byte(b.String())
}

// texts writes the licences of each deployable's modules into a folder.
func (l *list) texts(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, name := range l.names {
		var b strings.Builder
		for _, m := range l.modules() {
			if slices.Contains(l.users[m], name) || slices.Contains(l.users[m], onLambda) {
				fmt.Fprintf(&b, "== %s (%s)\n\n%s\n", m, l.licences[m], l.text[m])
			}
		}
		if err := os.WriteFile(filepath.Join(folder, name+".txt"), []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
