// Package migrations holds the schema of the control database and of tenants'
// databases as numbered goose files. It runs nothing: package migrate does.
package migrations

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed control/*.sql tenant/*.sql
var files embed.FS

// Control is the schema of the control database.
func Control() fs.FS { return sub("control") }

// Tenant is the schema of a tenant's database.
func Tenant() fs.FS { return sub("tenant") }

// Latest returns the highest version in a folder of migrations.
func Latest(schema fs.FS) int {
	latest := 0
	for _, name := range names(schema) {
		digits, _, _ := strings.Cut(name, "_")
		if n, err := strconv.Atoi(digits); err == nil {
			latest = max(latest, n)
		}
	}
	return latest
}

// Checksum identifies the text of all migrations of a folder, 8 hexadecimal
// digits.
func Checksum(schema fs.FS) string {
	h := sha256.New()
	for _, name := range names(schema) {
		text, err := fs.ReadFile(schema, name)
		if err != nil {
			panic(err) // embedded: cannot fail
		}
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)[:4])
}

func sub(folder string) fs.FS {
	schema, err := fs.Sub(files, folder)
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	return schema
}

func names(schema fs.FS) []string {
	names, err := fs.Glob(schema, "*.sql")
	if err != nil {
		panic(err) // a constant pattern
	}
	return names
}
