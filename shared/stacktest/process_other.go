//go:build !linux

package stacktest

import "os/exec"

func endWithTest(*exec.Cmd) {}
