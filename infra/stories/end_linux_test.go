package stories

import "syscall"

// endWithTest lets the kernel end a child whose test was killed.
func endWithTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
