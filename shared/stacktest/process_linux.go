package stacktest

import (
	"os/exec"
	"syscall"
)

// endWithTest makes the system kill the process when the test's process ends, however it ends.
func endWithTest(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
