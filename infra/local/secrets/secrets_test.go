package secrets

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

func TestLoadMakesASetOnceAndKeepsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.json")
	first, err := Load(path)
	require.NoError(t, err)
	again, err := Load(path)
	require.NoError(t, err)
	require.Equal(t, first, again)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	other, err := Load(filepath.Join(t.TempDir(), "secrets.json"))
	require.NoError(t, err)
	require.NotEqual(t, first.KEK, other.KEK)
	require.NotEqual(t, first.PostgresApp, other.PostgresApp)
}

func TestTheKEKSealsAndOpens(t *testing.T) {
	set, err := Load(filepath.Join(t.TempDir(), "secrets.json"))
	require.NoError(t, err)
	require.NotContains(t, set.KEK, "\n")
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(set.KEK)))
	require.NoError(t, err)
	cipher, err := aead.New(handle)
	require.NoError(t, err)
	sealed, err := cipher.Encrypt([]byte("secret"), []byte("tenant"))
	require.NoError(t, err)
	_, err = cipher.Decrypt(sealed, []byte("other"))
	require.Error(t, err)
	open, err := cipher.Decrypt(sealed, []byte("tenant"))
	require.NoError(t, err)
	require.Equal(t, "secret", string(open))
}

func TestThePepperIsThirtyTwoBytes(t *testing.T) {
	set, err := Load(filepath.Join(t.TempDir(), "secrets.json"))
	require.NoError(t, err)
	var peppers struct {
		Current string
		Keys    map[string]string
	}
	require.NoError(t, json.Unmarshal([]byte(set.Peppers), &peppers))
	raw, err := base64.StdEncoding.DecodeString(peppers.Keys[peppers.Current])
	require.NoError(t, err)
	require.Len(t, raw, 32)
}

func TestADamagedFileIsAnErrorAndNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := Load(path)
	require.Error(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "{", string(text))
}
