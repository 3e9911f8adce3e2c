package stories

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/compatibility.md anew")

const compatibility = "../../docs/compatibility.md"

// gap is something that a provider does not offer: it must be refused, in these
// words among others.
type gap struct{ feature, dialect, refusal, reason string }

// gaps are all that may not work.
var gaps = []gap{
	{"embed", "Anthropic", "cannot be called on this route", "400: Anthropic has no embeddings"},
	{"embed", "Vertex Claude", "makes no embeddings", "400: Claude has no embeddings"},
	{"embed", "Groq", "makes no embeddings", "400: Groq has no embeddings"},
}

func gapOf(f finding) *gap {
	at := slices.IndexFunc(gaps, func(g gap) bool {
		return strings.Contains(f.Feature, g.feature) && g.dialect == f.Dialect
	})
	if at < 0 {
		return nil
	}
	return &gaps[at]
}

// compare holds that all works but the gaps, which are refused as they should be,
// and that the page says so.
func compare(t *testing.T, clients []client, found [][]finding) {
	t.Helper()
	for i := range clients {
		require.NotEmpty(t, found[i], clients[i].name)
		for _, f := range found[i] {
			judge(t, f)
		}
	}
	page := render(clients, found)
	if *update && !t.Failed() {
		require.NoError(t, os.WriteFile(compatibility, []byte(page), 0o644))
		return
	}
	have, err := os.ReadFile(compatibility)
	require.NoError(t, err)
	if !t.Failed() {
		require.Equal(t, page, string(have), "docs/compatibility.md is stale: go test ./infra/stories -run TestRealClients -update")
	}
}

func judge(t *testing.T, f finding) {
	t.Helper()
	g := gapOf(f)
	switch {
	case g == nil && f.Why != "":
		t.Errorf("%s, %s on %s: %s", f.Client, f.Feature, f.Dialect, f.Why)
	case g != nil && !strings.Contains(f.Why, g.refusal):
		t.Errorf("%s, %s on %s should be refused with %q: %q", f.Client, f.Feature, f.Dialect, g.refusal, f.Why)
	}
}

func render(clients []client, found [][]finding) string {
	var page strings.Builder
	page.WriteString(preface)
	for i := range clients {
		fmt.Fprintf(&page, "\n## %s\n\n| feature |", clients[i].name)
		for _, to := range targets {
			fmt.Fprintf(&page, " %s |", to.Dialect)
		}
		page.WriteString("\n| --- |" + strings.Repeat(" --- |", len(targets)) + "\n")
		for _, feature := range rowsOf(found[i]) {
			page.WriteString("| " + feature + " |")
			for _, to := range targets {
				fmt.Fprintf(&page, " %s |", cell(found[i], feature, to.Dialect))
			}
			page.WriteString("\n")
		}
	}
	return page.String()
}

func rowsOf(found []finding) (features []string) {
	for _, f := range found {
		if !slices.Contains(features, f.Feature) {
			features = append(features, f.Feature)
		}
	}
	return features
}

func cell(found []finding, feature, dialect string) string {
	at := slices.IndexFunc(found, func(f finding) bool { return f.Feature == feature && f.Dialect == dialect })
	switch {
	case at < 0:
		return "not tried"
	case found[at].Why == "":
		return "ok"
	}
	if g := gapOf(found[at]); g != nil {
		return g.reason
	}
	return "no"
}

const preface = `# Which clients work with which providers

Each cell is a run: the client, in the version that is named, against the
program that ` + "`make dev`" + ` starts, whose providers are the simulator's. "ok" is that
the client's own checks and ours held. All else is a refusal that the platform
owes the client, with the reason. The page is written by
` + "`go test ./infra/stories -run TestRealClients -update`" + ` and compared by ` + "`make test`" + `.
A picture's "ok" is that the call was taken and answered: the simulator has no
eyes. That pictures arrive as each provider wants them, ` + "`make conformance`" + ` shows.
`
