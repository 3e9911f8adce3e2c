package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// tick is the unit of /proc/<pid>/stat: USER_HZ is 100 on every Linux that Go
// runs on (proc_pid_stat(5)).
const tick = 10 * time.Millisecond

// CPU returns the processor time that a process has used, in user and kernel
// mode. Where the kernel counts each thread's time on a processor in
// nanoseconds it is the sum of those; else it comes from /proc/<pid>/stat in
// steps of 10 ms. A program in Go, and Redis, keep their threads, so that none
// takes its time away with it.
func CPU(pid int) (time.Duration, error) {
	if d, err := precise(pid); err == nil {
		return d, nil
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read processor time of %d: %w", pid, err)
	}
	return parseStat(raw)
}

var errStat = errors.New("unreadable counter of /proc")

func precise(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		return 0, errStat
	}
	var sum time.Duration
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		d, err2 := parseSchedstat(raw)
		if err := errors.Join(err, err2); err != nil {
			return 0, err
		}
		sum += d
	}
	return sum, nil
}

// parseSchedstat returns the first of the three numbers: nanoseconds spent on a
// processor (Documentation/scheduler/sched-stats.rst of the kernel).
func parseSchedstat(raw []byte) (time.Duration, error) {
	fields := bytes.Fields(raw)
	if len(fields) != 3 {
		return 0, errStat
	}
	ns, err := strconv.ParseUint(string(fields[0]), 10, 63)
	if err != nil {
		return 0, errStat
	}
	return time.Duration(ns), nil
}

// parseStat adds fields 14 (utime) and 15 (stime); field 2 is the program's
// name in parentheses, which may hold anything.
func parseStat(raw []byte) (time.Duration, error) {
	end := bytes.LastIndexByte(raw, ')')
	if end < 0 {
		return 0, errStat
	}
	fields := bytes.Fields(raw[end+1:])
	if len(fields) < 13 {
		return 0, errStat
	}
	user, err1 := strconv.ParseUint(string(fields[11]), 10, 54)
	system, err2 := strconv.ParseUint(string(fields[12]), 10, 54)
	if err1 != nil || err2 != nil {
		return 0, errStat
	}
	return time.Duration(user+system) * tick, nil
}
