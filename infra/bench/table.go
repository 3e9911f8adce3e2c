package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
)

// printTable prints all rows as one table.
func printTable(w io.Writer, rows []row) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "upstream\tconns\tbody\tmode\ttenants\ttarget\treq/s\tx proxy\tp50 us\tp99 us\tfirst us\tadded us\tx proxy\tCPU us\tx proxy\tof it Redis\tallocs\tRSS MB\tfailed\t")
	for _, r := range rows {
		c := r.cell
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%d\t%s\t", c.upstream(), c.conns, c.size(), c.mode(), c.tenants, r.target)
		fmt.Fprintf(t, "%.0f\t%s\t%.0f\t%.0f\t%.0f\t", r.rate, ratio(r.rateRatio), r.p50, r.p99, r.first)
		fmt.Fprintf(t, "%s\t%s\t", number(r.added), ratio(r.addedRatio))
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.1f\t%d\t\n", number(r.cpu), ratio(r.cpuRatio), number(r.store), number(r.mallocs), r.resident, r.failed)
	}
	_ = t.Flush()
}

func ratio(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.2f", v)
}

func number(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.0f", v)
}

// printFacts says what the figures were taken on.
func printFacts(w io.Writer) {
	fmt.Fprintf(w, "machine: %s, %d CPUs, %s of memory, Linux %s; %s, GOMAXPROCS %d; load %s\n",
		field("/proc/cpuinfo", "model name"), runtime.NumCPU(), field("/proc/meminfo", "MemTotal"),
		line("/proc/sys/kernel/osrelease"), runtime.Version(), runtime.GOMAXPROCS(0), line("/proc/loadavg"))
}

// field returns the value of the first "name: value" line of a /proc file.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func line(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(raw))
}
