package debian

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostMirrorsReadsBothStylesAndOnlyDebian(t *testing.T) {
	etc := t.TempDir()
	write(t, etc, "sources.list", `# deb http://old.example/debian trixie main
deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian/ bookworm main contrib # note
deb http://one.example/debian bookworm-updates main
deb-src http://src.example/debian bookworm main
deb http://sec.example/debian-security bookworm-security main
deb https://packages.example/apt stable main`)
	write(t, etc, "sources.list.d/more.sources", `Types: deb deb-src
URIs: http://two.example/debian
 http://three.example/ubuntu
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----

# off
Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm`)
	write(t, etc, "sources.list.d/left.bak", "deb http://bak.example/debian bookworm main")
	mirrors, err := HostMirrors(etc)
	require.NoError(t, err)
	require.Equal(t, []Mirror{
		{URI: "http://one.example/debian", SignedBy: "/k.gpg"},
		{URI: "http://sec.example/debian-security", Security: true},
		{URI: "http://two.example/debian"},
	}, mirrors)
}

func TestAHostWithoutSourcesHasNoMirror(t *testing.T) {
	mirrors, err := HostMirrors(t.TempDir())
	require.NoError(t, err)
	require.Empty(t, mirrors)
}

func TestSourcesListUsesTheSuiteAndItsSecurityArchive(t *testing.T) {
	list := sourcesList("trixie", []Mirror{
		{URI: "http://one.example/debian", SignedBy: "/k.gpg"},
		{URI: "http://one.example/debian-security", Security: true},
	}, "/usr/share/keyrings/debian.gpg")
	require.Equal(t, `deb [signed-by=/k.gpg] http://one.example/debian trixie main
deb [signed-by=/usr/share/keyrings/debian.gpg] http://one.example/debian-security trixie-security main
`, list)
}

func TestNeededKeepsServersAndTheirLibrariesOnly(t *testing.T) {
	debs := parseURIs(`Reading package lists...
'http://one.example/pool/libpq5_17.6-1_amd64.deb' libpq5_17.6-1_amd64.deb 232332 SHA256:aa
'http://one.example/pool/zlib1g_1%3a1.3_amd64.deb' zlib1g_1%3a1.3_amd64.deb 89000 SHA256:bb
'http://one.example/pool/libllvm19_19_amd64.deb' libllvm19_19_amd64.deb 26000000 SHA256:cc
'http://one.example/pool/perl_5.40_amd64.deb' perl_5.40_amd64.deb 267736 SHA256:dd
'http://one.example/pool/postgresql-common_278_all.deb' postgresql-common_278_all.deb 112028 SHA256:ee
'http://one.example/pool/postgresql-17_17.6_amd64.deb' postgresql-17_17.6_amd64.deb 16000000 SHA256:ff
W: a warning`)
	var names []string
	for _, d := range needed(debs, []string{"postgresql-17"}) {
		names = append(names, d.name)
		require.Positive(t, d.size)
	}
	require.Equal(t, []string{"libpq5", "zlib1g", "postgresql-17"}, names)
}

func TestProgramsAndLinksToThemBecomeWrappers(t *testing.T) {
	tree, home := t.TempDir(), "/a folder/it's"
	write(t, tree, "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "loader")
	write(t, tree, "usr/bin/server", "\x7fELF...")
	write(t, tree, "usr/bin/script", "#!/bin/sh\n")
	require.NoError(t, os.Symlink("server", filepath.Join(tree, "usr/bin/alias")))
	require.NoError(t, os.Symlink("script", filepath.Join(tree, "usr/bin/other")))
	require.NoError(t, wrapAll(tree, home))

	const wrapper = `#!/bin/sh
exec '/a folder/it'\''s/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2' --library-path '/a folder/it'\''s/usr/lib/x86_64-linux-gnu' --argv0 "$0" '/a folder/it'\''s/usr/bin/server.elf' "$@"
`
	require.Equal(t, wrapper, read(t, tree, "usr/bin/server"))
	require.Equal(t, wrapper, read(t, tree, "usr/bin/alias"))
	require.Equal(t, "\x7fELF...", read(t, tree, "usr/bin/server.elf"))
	require.Equal(t, "#!/bin/sh\n", read(t, tree, "usr/bin/other"))
}

func TestNodeFindsItsScriptsWhereverThePrefixStands(t *testing.T) {
	tree := t.TempDir()
	write(t, tree, "usr/bin/node", "#!/bin/sh\nexec loader node.elf\n")
	write(t, tree, "usr/lib/x86_64-linux-gnu/libnode.so.115", "a\x00/usr/share/nodejs/acorn/acorn.js\x00b")
	require.NoError(t, relocateNode(tree, "/home of it"))
	require.Equal(t, "a\x00/proc/self/fd/9///acorn/acorn.js\x00b", read(t, tree, "usr/lib/x86_64-linux-gnu/libnode.so.115"))
	require.Equal(t, "#!/bin/sh\nexec 9<'/home of it/usr/share/nodejs'\nexec loader node.elf\n", read(t, tree, "usr/bin/node"))
}

func TestATreeWithoutNodeIsLeftAlone(t *testing.T) {
	require.NoError(t, relocateNode(t.TempDir(), "/x"))
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(text)
}
