//go:build !linux

package daemon

import "os/exec"

// Tether would tie the command's life to ours; only Linux can.
func Tether(*exec.Cmd) {}
