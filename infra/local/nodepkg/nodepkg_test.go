package nodepkg

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

type entry struct {
	name string
	kind byte
	text string
}

func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	files := tar.NewWriter(packed)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(len(e.text)), Mode: 0o644, Linkname: "/etc/passwd"}
		require.NoError(t, files.WriteHeader(header))
		_, err := files.Write([]byte(e.text))
		require.NoError(t, err)
	}
	require.NoError(t, files.Close())
	require.NoError(t, packed.Close())
	return out.Bytes()
}

// project is a folder with a lock file that names one package with the sum of an archive.
func project(t *testing.T, folder string, tgz []byte) string {
	t.Helper()
	dir, sum := t.TempDir(), sha512.Sum512(tgz)
	lock := fmt.Sprintf(`{"lockfileVersion":3,"packages":{"":{"name":"x"},%q:{"version":"1.2.3","integrity":"sha512-%s"}}}`,
		folder, base64.StdEncoding.EncodeToString(sum[:]))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "package-lock.json"), []byte(lock), 0o644))
	return dir
}

func registry(t *testing.T, tgz []byte) (url string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.Path)
		_, _ = w.Write(tgz)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestEnsureWithoutNPMInstallsWhatTheLockFileNamesOnce(t *testing.T) {
	tgz := archive(t, entry{"package/index.mjs", tar.TypeReg, "export default 1"}, entry{"package/link", tar.TypeSymlink, ""})
	dir := project(t, "node_modules/@scope/thing", tgz)
	url, asked := registry(t, tgz)
	t.Setenv("PATH", t.TempDir())
	t.Setenv("npm_config_registry", url+"/")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "node_modules", "left"), 0o755))
	for range 2 {
		require.NoError(t, Ensure(t.Context(), dir))
	}
	require.Equal(t, []string{"/@scope/thing/-/thing-1.2.3.tgz"}, *asked)
	text, err := os.ReadFile(filepath.Join(dir, "node_modules/@scope/thing/index.mjs"))
	require.NoError(t, err)
	require.Equal(t, "export default 1", string(text))
	require.NoFileExists(t, filepath.Join(dir, "node_modules/@scope/thing/link"), "links are not unpacked")
	require.NoDirExists(t, filepath.Join(dir, "node_modules", "left"))
	left, err := filepath.Glob(filepath.Join(dir, "node_modules.next-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAnotherArchiveThanTheLockFilesIsRefused(t *testing.T) {
	dir := project(t, "node_modules/thing", archive(t, entry{"package/a", tar.TypeReg, "good"}))
	url, _ := registry(t, archive(t, entry{"package/a", tar.TypeReg, "evil"}))
	require.ErrorContains(t, fetchAll(t.Context(), http.DefaultClient, url, dir), "not the one that the lock file names")
	require.NoDirExists(t, filepath.Join(dir, "node_modules"))
}

func TestAFileThatLeadsOutIsRefused(t *testing.T) {
	tgz := archive(t, entry{"package/../../../evil", tar.TypeReg, "x"})
	dir := project(t, "node_modules/thing", tgz)
	url, _ := registry(t, tgz)
	require.ErrorContains(t, fetchAll(t.Context(), http.DefaultClient, url, dir), "leads out")
	require.NoFileExists(t, filepath.Join(dir, "evil"))
}

func TestBadLockFiles(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                     "reading",
		`{"lockfileVersion":1}`: "version 1",
		`{"lockfileVersion":3,"packages":{"../x":{"version":"1","integrity":"sha512-x"}}}`:                "no folder of a package",
		`{"lockfileVersion":3,"packages":{"node_modules/../x":{"version":"1","integrity":"sha512-x"}}}`:   "no folder of a package",
		`{"lockfileVersion":3,"packages":{"node_modules/../../x":{"version":"1","integrity":"sha512-"}}}`: "no folder of a package",
		`{"lockfileVersion":3,"packages":{"node_modules/x":{"version":"1","integrity":"sha1-x"}}}`:        "no sha512",
		`{"lockfileVersion":3,"packages":{"node_modules/x":{"integrity":"sha512-x"}}}`:                    "no version",
	} {
		file := filepath.Join(t.TempDir(), "package-lock.json")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		_, err := readLock(file)
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("package/a"), []byte("x"))
	f.Fuzz(func(t *testing.T, name, text []byte) {
		var out bytes.Buffer
		packed := gzip.NewWriter(&out)
		files := tar.NewWriter(packed)
		if files.WriteHeader(&tar.Header{Name: string(name), Typeflag: tar.TypeReg, Size: int64(len(text)), Mode: 0o644}) != nil {
			return
		}
		_, _ = files.Write(text)
		_ = files.Close()
		_ = packed.Close()
		outer := t.TempDir()
		folder := filepath.Join(outer, "in", "folder")
		_ = unpack(&out, folder)
		entries, err := os.ReadDir(outer)
		require.NoError(t, err)
		for _, e := range entries {
			require.Equal(t, "in", e.Name())
		}
	})
}
