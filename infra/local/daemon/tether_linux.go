package daemon

import (
	"os/exec"
	"syscall"
)

// Tether makes the system kill the command when we end, however we end: a killed `make up` leaves no installer
// that works on behind the next one's back. Call it after SysProcAttr is set.
func Tether(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
