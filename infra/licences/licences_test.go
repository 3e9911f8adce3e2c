package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyAllowedLicencesAreLinkedAndTheListIsFresh(t *testing.T) {
	const root = "../.."
	l, err := read(root)
	require.NoError(t, err)
	require.Greater(t, len(l.names), 5)
	require.Greater(t, len(l.licences), 10)
	require.NoError(t, l.refused())
	on, err := os.ReadFile(filepath.Join(root, page))
	require.NoError(t, err, "make licences")
	require.Equal(t, string(on), string(l.page()), "%s is stale: make licences", page)
	dir := t.TempDir()
	require.NoError(t, l.texts(dir))
	raw, err := os.ReadFile(filepath.Join(dir, "chat.txt"))
	require.NoError(t, err)
	require.Contains(t, string(raw), "== github.com/jackc/pgx/v5 (MIT)")
}

func TestAModuleUnderAnotherLicenceIsRefused(t *testing.T) {
	for _, c := range []struct {
		file, text, licence string
		good                bool
	}{
		{"LICENSE", "GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3", "AGPL", false},
		{"LICENSE.md", "Business Source License 1.1", "BUSL", false},
		{"COPYING", "GNU GENERAL PUBLIC\nLICENSE Version 2", "GPL", false},
		{"LICENSE", "Server Side Public License", "SSPL", false},
		{"LICENSE", "All rights reserved.", unknown, false},
		{"README.md", "MIT", unknown, false},
		{"LICENSE", "Apache License\n  Version 2.0, January 2004", "Apache-2.0", true},
		{"LICENCE", "Mozilla Public License Version 2.0 ... GNU Affero General Public License", "MPL-2.0", true},
		{"LICENSE.txt", "Permission is hereby granted, free of charge, to any\nperson obtaining a copy", "MIT", true},
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600))
		l := &list{licences: map[string]string{}, text: map[string]string{}, users: map[string][]string{}}
		require.NoError(t, l.add(module{Path: "example.com/m", Dir: dir}, "chat"))
		require.Equal(t, c.licence, l.licences["example.com/m"], c.text)
		require.Equal(t, c.good, l.refused() == nil, c.text)
	}
}

func TestAnExceptionCoversAMissingLicenceAndNoOther(t *testing.T) {
	for m := range exceptions {
		l := &list{licences: map[string]string{m: unknown}}
		require.NoError(t, l.refused())
		l.licences[m] = "AGPL"
		require.Error(t, l.refused())
	}
}

func TestTwoLicencesInOneModuleMustBothBeAllowed(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "LICENSE"), []byte("Apache License Version 2.0"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "LICENSE.agpl"), []byte("GNU Affero General Public License"), 0o600))
	name, _, err := licenceOf(module{Path: "example.com/m", Dir: dir})
	require.NoError(t, err)
	require.Equal(t, "Apache-2.0 AND AGPL", name)
	require.False(t, mayLink(name))
}
