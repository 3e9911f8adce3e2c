package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADatabaseThatAnswersOtherwiseIsNotReachable(t *testing.T) {
	answer := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/index/db.json", r.URL.Path)
		w.WriteHeader(answer)
	}))
	t.Cleanup(server.Close)
	require.NoError(t, reachable(server.URL))
	answer = http.StatusForbidden
	require.ErrorContains(t, reachable(server.URL), "403")
	server.Close()
	require.Error(t, reachable(server.URL))
}

func TestTheCheckersExitCodeIsOurs(t *testing.T) {
	checker := filepath.Join(t.TempDir(), "checker")
	require.NoError(t, os.WriteFile(checker, []byte("#!/bin/sh\n[ \"$1 $2 $3\" = '-db http://db ./...' ] && exit 3\n"), 0o755))
	require.Equal(t, 3, check(checker, "http://db"))
	require.Equal(t, 1, check(checker+"-missing", "http://db"))
}
