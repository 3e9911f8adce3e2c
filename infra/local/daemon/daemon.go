// Package daemon starts programs that outlive the one that started them, stops exactly those, and ties all other
// children to their parent's life.
// A process is recorded by its id and its start time, so that a recycled id is never mistaken for ours.
// It needs Linux's /proc.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Daemon is one service's process, known by the folder that holds its pid file.
type Daemon struct {
	Name string
	Home string // holds the pid file; owned by the user that the daemon runs as
	Log  string // file that its output is appended to
	Stop syscall.Signal
	// Guard, an open file with a lock, is held by the child until it has recorded itself. It may be nil.
	Guard *os.File
}

// record makes the child write its own record before it becomes the program, and let go of the guard only then: a
// starter that is killed between the two leaves no daemon without a record, nor lets a second starter in meanwhile.
const record = `read -r stat </proc/$$/stat && echo "$stat" >"$0.new" && mv "$0.new" "$0" && exec "$@" 3>&-`

// Start runs the command in a session of its own. It does not wait until the service is healthy.
func (d Daemon) Start(command Command) error {
	log, err := os.OpenFile(d.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer func() { _ = log.Close() }()
	args := append([]string{"-c", record, d.pidFile(), command.Path}, command.Args...)
	cmd := exec.Command("/bin/sh", args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = command.Dir, command.Env, log, log
	cmd.SysProcAttr = command.attributes()
	cmd.SysProcAttr.Setsid = true
	if d.Guard != nil {
		cmd.ExtraFiles = []*os.File{d.Guard}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", d.Name, err)
	}
	go func() { _ = cmd.Wait() }()
	return nil
}

// PID is the id of the running process, or 0 when it does not run.
func (d Daemon) PID() int {
	recorded, err := os.ReadFile(d.pidFile())
	if err != nil {
		return 0
	}
	pid, started, err := parseStat(string(recorded))
	if err != nil {
		return 0
	}
	now, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	_, startedNow, err := parseStat(string(now))
	if err != nil || startedNow != started || zombie(string(now)) {
		return 0
	}
	return pid
}

// Halt asks the process to stop, waits for it, and kills it when ctx ends first.
func (d Daemon) Halt(ctx context.Context) error {
	pid := d.PID()
	if pid == 0 {
		return d.forget()
	}
	signal := d.Stop
	if signal == 0 {
		signal = syscall.SIGTERM
	}
	if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stopping %s (pid %d): %w", d.Name, pid, err)
	}
	if !d.gone(ctx) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if !d.gone(patience) {
			return fmt.Errorf("%s (pid %d) does not end", d.Name, pid)
		}
	}
	return d.forget()
}

func (d Daemon) gone(ctx context.Context) bool {
	for d.PID() != 0 {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return true
}

func (d Daemon) forget() error {
	if err := os.Remove(d.pidFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (d Daemon) pidFile() string { return filepath.Join(d.Home, "pid") }

// parseStat reads id and start time (clock ticks since boot) from a line of /proc/<pid>/stat, see proc(5). The
// command name stands in parentheses and may hold anything, so fields are counted from the last one.
func parseStat(line string) (pid int, started string, err error) {
	id, rest, found := strings.Cut(line, " ")
	after := strings.LastIndexByte(rest, ')')
	if !found || after < 0 {
		return 0, "", errors.New("not a stat line")
	}
	fields := strings.Fields(rest[after+1:])
	const startTime = 19 // field 22 of the line
	if len(fields) <= startTime {
		return 0, "", errors.New("stat line too short")
	}
	pid, err = strconv.Atoi(id)
	return pid, fields[startTime], err
}

func zombie(line string) bool {
	after := strings.LastIndexByte(line, ')')
	return strings.HasPrefix(strings.TrimSpace(line[after+1:]), "Z")
}
