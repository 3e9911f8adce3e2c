package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/infra/local/daemon"
)

// apt is a private apt root: its own sources, lists, cache and (empty) package database.
type apt struct {
	dir   string
	suite string
}

// open prepares the root's folders and configuration; it may stand half-made from an earlier run.
func (a apt) open(ctx context.Context) error {
	for _, folder := range []string{"state/lists/partial", "cache/archives/partial", "etc/preferences.d", "debs"} {
		if err := os.MkdirAll(filepath.Join(a.dir, folder), 0o755); err != nil {
			return err
		}
	}
	mirrors, err := mirrors()
	if err != nil {
		return err
	}
	keyring, err := keyring()
	if err != nil {
		return err
	}
	acquire, err := hostAcquire(ctx)
	if err != nil {
		return err
	}
	files := map[string]string{
		"status": "", "apt.conf": a.conf(acquire), "etc/sources.list": sourcesList(a.suite, mirrors, keyring),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// mirrors are the host's, or those of DCODER_DEBIAN_MIRROR.
func mirrors() ([]Mirror, error) {
	if uri := strings.TrimRight(os.Getenv("DCODER_DEBIAN_MIRROR"), "/"); uri != "" {
		found := []Mirror{{URI: uri}}
		if security := strings.TrimRight(os.Getenv("DCODER_DEBIAN_SECURITY_MIRROR"), "/"); security != "" {
			found = append(found, Mirror{URI: security, Security: true})
		}
		return found, nil
	}
	found, err := HostMirrors("/etc/apt")
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.New("no Debian mirror in /etc/apt (an Ubuntu host has none): set DCODER_DEBIAN_MIRROR " +
			"to a Debian mirror near you, its URL ending in /debian, and install debian-archive-keyring")
	}
	return found, nil
}

func keyring() (string, error) {
	if _, err := os.Stat(defaultKeyring); err != nil {
		return "", fmt.Errorf("the Debian archive's keys are missing (%s): install the package debian-archive-keyring", defaultKeyring)
	}
	return defaultKeyring, nil
}

// hostAcquire is the host's configuration of downloads (proxies, certificates), without its hooks and folders.
func hostAcquire(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-config", "dump", "Acquire").Output()
	if err != nil {
		return "", fmt.Errorf("asking apt for its configuration (is this Debian or Ubuntu?): %w", err)
	}
	return string(out), nil
}

func (a apt) conf(acquire string) string {
	return fmt.Sprintf(`Dir %q;
Dir::State "state";
Dir::State::status %q;
Dir::Cache "cache";
Dir::Etc "etc";
Dir::Etc::parts "none";
Dir::Etc::sourceparts "-";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
APT::Sandbox::User "root";
APT::Get::List-Cleanup "0";
%s
Acquire::Languages "none";
Acquire::Retries "3";
`, a.dir, filepath.Join(a.dir, "status"), acquire)
}

// update fetches the package lists unless they are fresh.
func (a apt) update(ctx context.Context, force bool) error {
	stamp := filepath.Join(a.dir, "updated")
	info, err := os.Stat(stamp)
	if err == nil && !force && time.Since(info.ModTime()) < 12*time.Hour {
		return nil
	}
	if _, err := a.run(ctx, a.dir, "apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"); err != nil {
		return err
	}
	return os.WriteFile(stamp, nil, 0o644)
}

// closure names the packages to unpack for the wanted ones: they and the libraries that they need.
func (a apt) closure(ctx context.Context, wanted []string) ([]deb, error) {
	args := append([]string{"-q", "-y", "--no-install-recommends", "--print-uris", "install"}, wanted...)
	out, err := a.run(ctx, a.dir, "apt-get", args...)
	if err != nil {
		return nil, err
	}
	return needed(parseURIs(out), wanted), nil
}

// fetch downloads the packages that are not there yet; apt checks each against the signed lists.
func (a apt) fetch(ctx context.Context, debs []deb) error {
	folder := filepath.Join(a.dir, "debs")
	var missing []string
	for _, d := range debs {
		if info, err := os.Stat(filepath.Join(folder, d.file)); err != nil || info.Size() != d.size {
			missing = append(missing, d.name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err := a.run(ctx, folder, "apt-get", append([]string{"-q", "download"}, missing...)...)
	return err
}

func (a apt) run(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(a.dir, "apt.conf"), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	daemon.Tether(cmd)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", name, err, lastLines(string(out), 12))
	}
	return string(out), nil
}

func lastLines(text string, most int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
