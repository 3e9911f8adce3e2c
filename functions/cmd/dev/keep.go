package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The names under which the demo is kept in .local/dev.env, for people to source
// and for the next start.
const (
	varBase   = "DCODER_BASE_URL"
	varKey    = "DCODER_API_KEY"
	varTenant = "DCODER_TENANT_ID"
	varOwner  = "DCODER_OWNER_KEY"
)

// load reads what an earlier start kept; nothing is kept at first.
func (d *demo) load(path string) error {
	raw, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the demo's keys: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		switch name {
		case varKey:
			d.APIKey = value
		case varTenant:
			d.Tenant = value
		case varOwner:
			d.OwnerKey = value
		}
	}
	return lines.Err()
}

// save replaces the file at once, readable by its owner only.
func (d *demo) save(path, base, simulator string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("keep the demo's keys: %w", err)
	}
	var b strings.Builder
	for _, v := range [][2]string{
		{varBase, base},
		{varKey, d.APIKey},
		{varTenant, d.Tenant},
		{varOwner, d.OwnerKey},
		{"OPENAI_BASE_URL", base + "/v1"},
		{"DCODER_SIMULATOR_URL", simulator},
	} {
		fmt.Fprintf(&b, "%s=%s\n", v[0], v[1])
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("keep the demo's keys: %w", err)
	}
	return os.Rename(fresh, path)
}
