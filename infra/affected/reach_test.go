package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func tree() []pack {
	at := func(folder string, deps, tests, xtests []string) pack {
		p := pack{ImportPath: "m/" + folder, Dir: "/m/" + folder, Deps: deps, TestImports: tests, XTestImports: xtests}
		p.Module.Dir = "/m"
		return p
	}
	return []pack{
		at("words", nil, nil, nil),
		at("store", []string{"m/words"}, []string{"m/storetest"}, nil),
		at("storetest", []string{"m/words"}, nil, nil),
		at("chat", []string{"m/words"}, nil, []string{"m/store"}),
		at("cmd/chat", []string{"m/chat", "m/words"}, nil, nil),
		at("infra/local/compose", nil, nil, nil),
		at("shared/housetest", nil, nil, nil),
	}
}

func TestReached(t *testing.T) {
	for name, row := range map[string]struct {
		files []string
		want  []string
	}{
		"nothing changed":                      {nil, nil},
		"a leaf":                               {[]string{"cmd/chat/main.go"}, []string{"m/cmd/chat", "m/shared/housetest"}},
		"what all import":                      {[]string{"words/id.go"}, []string{"m/chat", "m/cmd/chat", "m/shared/housetest", "m/store", "m/storetest", "m/words"}},
		"test support reaches who tests by it": {[]string{"storetest/x.go"}, []string{"m/shared/housetest", "m/store", "m/storetest"}},
		"an external test's import":            {[]string{"store/store.go"}, []string{"m/chat", "m/shared/housetest", "m/store"}},
		"testdata is its package's":            {[]string{"cmd/chat/testdata/deep/golden.txt"}, []string{"m/cmd/chat"}},
		"a file that a test elsewhere reads":   {[]string{"infra/compose.yaml"}, []string{"m/infra/local/compose"}},
		"a file of no package":                 {[]string{"README.md"}, nil},
		"the module":                           {[]string{"go.sum"}, all(tree())},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, row.want, reached(tree(), row.files))
		})
	}
}

// The real tree: a change of the words reaches this module's largest part, and this package only if it imports them.
func TestListReadsThisModule(t *testing.T) {
	packages, err := list(t.Context())
	require.NoError(t, err)
	require.Len(t, packages, 1, "run in this folder, ./... is this package")
	require.Equal(t, "infra/affected", packages[0].folder())
	require.Equal(t, []string{"github.com/d-coder-ai/dcoder/infra/affected"}, reached(packages, []string{"infra/affected/git.go"}))
}
