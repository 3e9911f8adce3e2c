package render

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
)

// AddSilo writes down that a tenant has a namespace of its own in an environment,
// where nobody did yet; Write then renders it.
func AddSilo(root string, s kubernetes.Silo) error {
	path := filepath.Join(root, kubernetes.Silos, s.Tenant+".yaml")
	if _, err := os.Stat(path); err == nil {
		return nil // its file says more than the command line
	}
	if s.Quota == (kubernetes.Quota{}) {
		s.Quota = kubernetes.DefaultQuota
	}
	if err := s.Check(); err != nil {
		return fmt.Errorf("silo tenant: %w", err)
	}
	raw, err := yaml.Marshal(s)
	if err != nil {
		return fmt.Errorf("silo tenant: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("silo tenant: %w", err)
	}
	return os.WriteFile(path, raw, 0o644)
}
