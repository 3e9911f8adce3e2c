package compose

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

const checkedIn = "../../compose.yaml"

func TestTheCheckedInFileIsFresh(t *testing.T) {
	want, err := Render()
	require.NoError(t, err)
	have, err := os.ReadFile(checkedIn)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "infra/compose.yaml is stale: make compose")
}

func TestEveryServiceIsPinnedOnLoopbackAndChecked(t *testing.T) {
	text, err := Render()
	require.NoError(t, err)
	var file struct {
		Services map[string]struct {
			Image       string
			Ports       []string
			Healthcheck struct{ Test []string }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &file))
	require.Len(t, file.Services, 5)
	for name, service := range file.Services {
		require.Regexp(t, `^[^:]+(:[^:]+|@sha256:[0-9a-f]{64})$`, service.Image, name)
		require.NotContains(t, service.Image, ":latest", name)
		require.NotEmpty(t, service.Healthcheck.Test, name)
		require.NotEmpty(t, service.Ports, name)
		for _, port := range service.Ports {
			require.Regexp(t, `^127\.0\.0\.1:`, port, name)
		}
	}
}

func TestVariablesCoverWhatTheFileAsksFor(t *testing.T) {
	text, err := Render()
	require.NoError(t, err)
	var given []string
	for _, pair := range Variables(map[string]int{}, "p", "a", "s") {
		given = append(given, pair.Key)
	}
	asked := regexp.MustCompile(`\$\{([A-Z0-9_]+)`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, asked)
	for _, name := range asked {
		require.True(t, slices.Contains(given, name[1]), name[1])
	}
}
