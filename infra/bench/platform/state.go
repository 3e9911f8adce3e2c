package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// state is what later runs need to find the tenants again. It lies beside the
// stack's own secrets, readable by its owner only.
type state struct {
	KEK     string   `json:"kek"`
	Peppers string   `json:"peppers"`
	Tenants []tenant `json:"tenants"`
	path    string
}

type tenant struct {
	ID  string `json:"id"`
	Key string `json:"key"` // the whole virtual key
}

func readState(local string) (s state, err error) {
	path := filepath.Join(local, "bench.json")
	raw, err := os.ReadFile(path)
	if err == nil {
		if err := json.Unmarshal(raw, &s); err != nil {
			return s, fmt.Errorf("read %s: %w", path, err)
		}
		s.path = path
		return s, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return s, err
	}
	s.path = path
	if s.KEK, err = secret.NewKeyset(); err != nil {
		return s, err
	}
	if s.Peppers, err = auth.NewPeppers(); err != nil {
		return s, err
	}
	return s, s.write()
}

func (s *state) write() error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.path, raw, 0o600); err != nil {
		return fmt.Errorf("remember the benchmark's tenants: %w", err)
	}
	return nil
}
