package platform

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/d-coder-ai/dcoder/infra/bench/proc"
)

// Gateway is a running functions/cmd/chat.
type Gateway struct {
	*proc.Child
	Addr string
}

// build builds the gateway with the flags of make build.
func (p *Platform) build(ctx context.Context) error {
	p.options.Say("building functions/cmd/chat")
	p.Binary = filepath.Join(p.dir, "chat")
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", p.Binary}
	if p.options.Profiled {
		overlay, err := p.overlay(filepath.Join(root(ctx), "functions/cmd/chat"))
		if err != nil {
			return err
		}
		args = []string{"build", "-overlay", overlay, "-o", p.Binary}
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "github.com/d-coder-ai/dcoder/functions/cmd/chat")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the gateway: %w\n%s", err, out)
	}
	info, err := os.Stat(p.Binary)
	if err != nil {
		return err
	}
	p.Size = info.Size()
	return nil
}

// root is the folder of go.mod.
func root(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "."
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// Start starts a gateway and returns at once; it may not listen yet. What it
// logs goes to out.
func (p *Platform) Start(out io.Writer, extra ...string) (*Gateway, error) {
	return p.start(append(p.environ(), extra...), out)
}

// StartDown starts a gateway of whose dependencies none can be reached.
func (p *Platform) StartDown(out io.Writer) (*Gateway, error) {
	return p.start(append(p.environ(),
		"DCODER_CONTROL_DSN=postgres://nobody@127.0.0.1:1/none", "DCODER_REDIS_URL=redis://127.0.0.1:1/0",
		"DCODER_NATS_URL=nats://127.0.0.1:1"), out)
}

func (p *Platform) start(env []string, out io.Writer) (*Gateway, error) {
	port, err := proc.FreePort()
	if err != nil {
		return nil, err
	}
	child, err := proc.Start(p.Binary, nil, append(env, fmt.Sprintf("PORT=%d", port)), out)
	if err != nil {
		return nil, err
	}
	return &Gateway{child, fmt.Sprintf("127.0.0.1:%d", port)}, nil
}

// Ready waits until the gateway listens.
func (p *Platform) Ready(ctx context.Context, g *Gateway) error {
	if err := listens(ctx, g.Addr, g.Child); err != nil {
		return fmt.Errorf("start the gateway: %w", err)
	}
	return nil
}

// environ is the gateway's whole environment: where its stores are, and nothing
// that would tune it. The later of two equal names counts.
func (p *Platform) environ() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "TMPDIR=" + p.dir, "DCODER_HOST=127.0.0.1",
		"DCODER_CONTROL_DSN=" + withDatabase(p.stack["DCODER_CONTROL_DSN"]),
		"DCODER_REDIS_URL=" + p.redis.url,
		"DCODER_NATS_URL=" + p.stack["DCODER_NATS_URL"], "DCODER_NATS_PREFIX=" + natsPrefix,
		"DCODER_KEK=" + p.state.KEK, "DCODER_PEPPERS=" + p.state.Peppers, "DCODER_EVENT_SECRETS=" + p.state.Peppers,
		"DCODER_EGRESS_ALLOW=127.0.0.0/8", "DCODER_JOURNAL_DIR=" + filepath.Join(p.dir, "journal"),
	}
}
