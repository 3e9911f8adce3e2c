// Package operate does what operators do to a platform: migrate its databases,
// make the first key of its owner, rotate the secrets that everything hangs on.
// How they say so, and where the answers are printed, the commands decide.
package operate

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/provision"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// Platform is what the work is done on.
type Platform struct {
	Databases   *postgres.Databases
	Provisioner *provision.Provisioner // nil where nothing is made or migrated
	Vault       *secret.Vault
}

// Open opens a platform as an operator does: changes are announced to nobody,
// since none of them takes anything away. creatorDSN may be "".
func Open(controlDSN, creatorDSN, kek string) (*Platform, error) {
	keyset, err := secret.ParseKeyset(kek)
	if err != nil {
		return nil, err
	}
	p := &Platform{Vault: secret.NewVault(keyset)}
	p.Databases, err = postgres.Open(postgres.Options{ControlDSN: controlDSN, Vault: p.Vault})
	if err != nil || creatorDSN == "" {
		return p, err
	}
	control, err := url.Parse(controlDSN)
	if err != nil {
		return nil, fmt.Errorf("the control database's DSN is not a URL")
	}
	p.Provisioner, err = provision.New(provision.Options{
		Databases: p.Databases, Vault: p.Vault, CreatorDSN: creatorDSN,
		ControlDB: strings.TrimPrefix(control.Path, "/"), AppRole: control.User.Username(),
	})
	return p, err
}

// Migrate brings the control database and every tenant's to the newest version.
// It says how far the control database is and how many tenants were brought on;
// tenants that failed are named in the error, and the others are done.
func (p *Platform) Migrate(ctx context.Context) (control, tenants int, err error) {
	if control, err = p.Provisioner.EnsureControl(ctx); err != nil {
		return 0, 0, err
	}
	tenants, err = p.Provisioner.MigrateAll(ctx)
	return control, tenants, err
}

// Bootstrap makes the first key of the platform's owner and returns it, this
// once. Where the owner has a key already it returns "", unless another one is
// demanded.
func (p *Platform) Bootstrap(ctx context.Context, peppers *auth.Peppers, another bool) (string, error) {
	key := dcoder.VirtualKey{
		ID: dcoder.NewKeyID(), Name: "platform owner", Role: dcoder.RolePlatformOwner, Created: time.Now().UTC().Truncate(time.Microsecond),
	}
	issued, hashed := peppers.Issue(dcoder.PlatformTenant, key.ID)
	made, err := postgres.NewKeys(p.Databases).Bootstrap(ctx, key, hashed, another)
	if err != nil || !made {
		return "", err
	}
	return issued.Text, nil
}
