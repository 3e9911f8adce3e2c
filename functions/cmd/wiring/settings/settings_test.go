package settings

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/config"
)

func TestEveryVariableIsDocumented(t *testing.T) {
	for _, d := range All() {
		seen := map[string]bool{}
		for _, v := range config.Variables(d.Struct) {
			require.NotEmpty(t, v.Doc, "%s: %s", d.Name, v.Name)
			require.False(t, seen[v.Name], "%s reads %s twice", d.Name, v.Name)
			seen[v.Name] = true
			if v.Required {
				require.NotEmpty(t, v.Example, "%s: %s", d.Name, v.Name)
			}
		}
	}
}
