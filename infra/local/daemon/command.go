package daemon

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// Command says how a program runs.
type Command struct {
	Path string
	Args []string
	Env  []string // the whole environment
	Dir  string
	UID  int // run as this user; 0: as the caller
}

// Run runs the command to its end and, when it fails, says what it printed.
func (c Command) Run(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = c.Dir, c.Env, c.attributes()
	Tether(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (c Command) attributes() *syscall.SysProcAttr {
	if c.UID == 0 {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(c.UID), Gid: uint32(c.UID)}}
}
