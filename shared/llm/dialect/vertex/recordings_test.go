package vertex_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestRecordedCallsToClaude sends every recorded request again, with the model
// where Anthropic's own clients put it: the same path and body must reach Google.
func TestRecordedCallsToClaude(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..", "..", "shared", "data")
	if d := os.Getenv("DCODER_DATA"); d != "" {
		root = d
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("SKIPPED: no recordings at %s; set DCODER_DATA", root)
	}
	replayed := 0
	b, p := serve(t, nil)
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "cassettes"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.Contains(path, "vertex-claude") || filepath.Ext(path) != ".yaml" {
			return err
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var file struct {
			Interactions []struct {
				Request struct{ Body, URL string }
			}
		}
		require.NoError(t, yaml.Unmarshal(raw, &file))
		for _, i := range file.Interactions {
			at, err := url.Parse(i.Request.URL)
			require.NoError(t, err)
			publisher := at.Path[strings.Index(at.Path, "/publishers/"):]
			model, _, _ := strings.Cut(strings.TrimPrefix(publisher, "/publishers/anthropic/models/"), ":")
			status, out := send(t, b, "/v1/messages", strings.Replace(i.Request.Body, "{", `{"model":"vertex/`+model+`",`, 1))
			require.Equal(t, http.StatusOK, status, "%s: %s", path, out)
			got := p.last(t)
			require.Equal(t, "/v1/projects/p/locations/l"+publisher, got.Path)
			sent, err := json.Marshal(got.Body)
			require.NoError(t, err)
			require.JSONEq(t, i.Request.Body, string(sent), path)
			replayed++
		}
		return nil
	}))
	require.Equal(t, 10, replayed)
}
