package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/function"
)

const routesHead = `# Routes

Rendered by ` + "`make render`" + ` from the functions; the list of routes is the list of permissions. Every function also answers
` + "`GET /health/live`, `GET /health/ready`, `GET /health` and `GET /openapi.json`" + ` on its cluster-local address, and hears its events at ` + "`POST /`" + `.

| route | function | permission | largest body |
| --- | --- | --- | --- |
`

// routes renders the golden list of routes with their permissions, by path.
func routes(funcs []function.Func) []byte {
	type line struct{ path, method, text string }
	var lines []line
	for _, f := range funcs {
		for _, r := range f.Routes {
			permission := string(r.Permission)
			if r.Access == function.AccessPublic {
				permission = "public"
			}
			lines = append(lines, line{r.Path, r.Method, fmt.Sprintf("| `%s %s` | %s | %s | %s |\n", r.Method, r.Path, f.Name, permission, largest(r))})
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return strings.Compare(a.path+" "+a.method, b.path+" "+b.method) })
	var b strings.Builder
	b.WriteString(routesHead)
	for _, l := range lines {
		b.WriteString(l.text)
	}
	b.WriteString("\n## Events\n\n| event | heard by | most at once |\n| --- | --- | --- |\n")
	for _, f := range funcs {
		for _, e := range f.Events {
			fmt.Fprintf(&b, "| `%s` | %s | %d |\n", e.Type, f.Name, e.Batch)
		}
	}
	return []byte(b.String())
}

func size(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

// largest is the cap on a body where there is one.
func largest(r function.Route) string {
	if r.Method == "GET" || r.Method == "DELETE" {
		return ""
	}
	return size(r.MaxBody)
}
