package platform

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/d-coder-ai/dcoder/infra/bench/proc"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

// Program builds another deployable than the gateway, with the flags of make
// build, and starts it in the gateway's environment. It returns when the program
// listens.
func (p *Platform) Program(ctx context.Context, name string, out io.Writer, extra ...string) (*Gateway, error) {
	p.options.Say("building functions/cmd/%s", name)
	path := filepath.Join(p.dir, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path,
		"github.com/d-coder-ai/dcoder/functions/cmd/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", name, err, said)
	}
	port, err := proc.FreePort()
	if err != nil {
		return nil, err
	}
	env := append(append(p.environ(), extra...), fmt.Sprintf("PORT=%d", port))
	child, err := proc.Start(path, nil, env, out)
	if err != nil {
		return nil, err
	}
	g := &Gateway{child, fmt.Sprintf("127.0.0.1:%d", port)}
	if err := listens(ctx, g.Addr, child); err != nil {
		child.Stop()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return g, nil
}

// Eye looks at the rows of the first tenant.
type Eye struct {
	*postgres.Databases
	Tenant string
	Key    string // id of a virtual key of its own, whose rows are found fast
	Secret string // and its text
}

// Eye opens the first tenant's database and makes a key. Close takes both back.
func (p *Platform) Eye(ctx context.Context) (*Eye, error) {
	b, err := p.builder(ctx)
	if err != nil {
		return nil, err
	}
	e := &Eye{Databases: b.Databases, Tenant: p.state.Tenants[0].ID, Key: dcoder.NewKeyID()}
	issued, hashed := b.peppers.Issue(e.Tenant, e.Key)
	e.Secret = issued.Text
	err = postgres.NewKeys(e.Databases).Create(ctx, e.Tenant, dcoder.VirtualKey{
		ID: e.Key, Name: "samples", User: "user1", Group: "group1", Role: dcoder.RoleMember, Created: time.Now().UTC(),
	}, hashed, nil)
	if err != nil {
		b.Databases.Close()
		return nil, fmt.Errorf("make a key for samples: %w", err)
	}
	return e, nil
}

// Close deletes the key and closes the databases.
func (e *Eye) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = postgres.NewKeys(e.Databases).Delete(ctx, e.Tenant, e.Key) // the next run makes its own
	e.Databases.Close()
}
