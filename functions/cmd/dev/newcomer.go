package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

// demo is the worker that makes the demo tenant as soon as the platform listens,
// tells the newcomer, and has nothing to do after that.
func (d *dev) demo(ctx context.Context) error {
	select {
	case <-d.ready:
	case <-ctx.Done():
		return nil
	}
	base, keptIn := d.front.base, filepath.Join(localDir(), "dev.env")
	var t demo
	if err := t.load(keptIn); err != nil {
		return err
	}
	list := simulated(d.sim.base)
	making, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := t.ready(making, base, list, d.ownerKey); err != nil {
		return fmt.Errorf("make the demo tenant ready: %w", err)
	}
	if err := t.save(keptIn, base, d.sim.base); err != nil {
		return err
	}
	greet(os.Stdout, base, &t, list, d.sim.base, keptIn)
	<-ctx.Done()
	return nil
}

// ownerKey makes a key of the platform's owner, as dcoder bootstrap does.
func (d *dev) ownerKey(ctx context.Context) (string, error) {
	issued, hashed := d.platform.Peppers.Issue(dcoder.PlatformTenant, dcoder.NewKeyID())
	key := dcoder.VirtualKey{ID: hashed.ID, Name: "owner of the local run", Role: dcoder.RolePlatformOwner}
	err := postgres.NewKeys(d.platform.Databases).Create(ctx, dcoder.PlatformTenant, key, hashed, nil)
	return issued.Text, err
}
