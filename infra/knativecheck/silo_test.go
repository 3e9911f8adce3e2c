package knativecheck

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestASiloTenantIsAdmitted, rendered as an operator does.
func TestASiloTenantIsAdmitted(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "infra/environments"), os.DirFS("../environments")))
	render := exec.Command("go", "run", "-buildvcs=false", "./functions/cmd/render", "-root", dir, "-tenant", "abcdefghijkl", "-host", "own.example.com")
	render.Dir = "../.."
	render.Env = append(os.Environ(), "GOFLAGS=")
	said, err := render.CombinedOutput()
	require.NoError(t, err, string(said))
	require.GreaterOrEqual(t, admitted(t, filepath.Join(dir, "knative/tenants/abcdefghijkl")), 7)
}
