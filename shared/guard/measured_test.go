package guard_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/guard"
	"github.com/d-coder-ai/dcoder/shared/guard/guardtest"
)

// tally is what was wanted of a rule and what of it was found; sure says that
// the rule that was wanted found it.
type tally struct{ wanted, found, sure, extra int }

func overlaps(w guardtest.Want, f guard.Finding) bool {
	return w.Category == f.Category.String() && f.Start < w.End && f.End > w.Start
}

func measure(cases []guardtest.Case, show func(string, ...any)) map[string]*tally {
	by := map[string]*tally{}
	at := func(name string) *tally {
		if by[name] == nil {
			by[name] = &tally{}
		}
		return by[name]
	}
	for _, c := range cases {
		got := guard.Scan([]byte(c.Text), guard.All, nil)
		for _, w := range c.Wants {
			hit, sure := false, false
			for _, f := range got {
				if overlaps(w, f) {
					hit = true
					sure = sure || w.Rule == "" || w.Rule == f.Rule
				}
			}
			for _, t := range []*tally{at(w.Category), at(w.Category + " " + w.Rule)} {
				t.wanted++
				if hit {
					t.found++
				} else {
					show("missed %s in %.90q", w.Rule, c.Text)
				}
				if sure {
					t.sure++
				}
			}
		}
		for _, f := range got {
			wanted := false
			for _, w := range c.Wants {
				wanted = wanted || overlaps(w, f)
			}
			if !wanted {
				at(f.Category.String()).extra++
				show("false %s in %.120q", f.Rule, c.Text)
			}
		}
	}
	return by
}

func table(t *testing.T, title string, by map[string]*tally) {
	names := make([]string, 0, len(by))
	for n := range by {
		names = append(names, n)
	}
	sort.Strings(names)
	t.Logf("%-40s %7s %7s %7s %6s", title, "wanted", "found", "by rule", "false")
	for _, n := range names {
		t.Logf("%-40s %7d %7d %7d %6d", n, by[n].wanted, by[n].found, by[n].sure, by[n].extra)
	}
}

func recall(t *tally) float64 { return float64(t.found) / float64(t.wanted) }

func TestMeasured(t *testing.T) {
	for name, half := range map[string][]guardtest.Case{"dev": guardtest.Dev(), "frozen": guardtest.Frozen()} {
		show := func(string, ...any) {}
		if name == "dev" && os.Getenv("GUARD_SHOW") != "" {
			show = t.Logf // made-up values of the half that is for tuning
		}
		by := measure(half, show)
		table(t, name, by)
		require.GreaterOrEqual(t, recall(by["secrets"]), .95, name)
		require.GreaterOrEqual(t, recall(by["pii"]), .90, name)
		require.GreaterOrEqual(t, recall(by["injection"]), .75, name)
	}
}

// TestFalseAlerts reads real logs, code and webhooks, which hold no secret and no
// attempt. Addresses of mail do stand in the webhooks, and are no false alerts.
func TestFalseAlerts(t *testing.T) {
	root := os.Getenv("DCODER_DATA")
	if root == "" {
		root = "../../../shared/data"
	}
	if _, err := os.Stat(filepath.Join(root, "loghub")); err != nil {
		t.Skipf("SKIPPED: no data at %s; set DCODER_DATA", root)
	}
	for name, pattern := range map[string]string{
		"loghub": "loghub/*.log", "cosqa": "ir-cosqa/corpus.jsonl", "webhooks": "webhooks-*/*.json",
	} {
		lines, alerts, mail := 0, map[string]int{}, 0
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			for _, line := range textLines(t, file) {
				lines++
				for _, f := range guard.Scan(line, guard.All, nil) {
					if f.Rule == "email" {
						mail++
						continue
					}
					alerts[f.Rule]++
					if os.Getenv("GUARD_SHOW") != "" {
						t.Logf("%s %s: %.160q", filepath.Base(file), f.Rule, line)
					}
				}
			}
		}
		sum := 0
		for _, n := range alerts {
			sum += n
		}
		t.Logf("%-10s %6d lines, %d false alerts %v, %d addresses of mail", name, lines, sum, alerts, mail)
		require.LessOrEqual(t, sum*1000, lines, fmt.Sprint(name, alerts))
	}
}

// textLines reads a file's lines; of CoSQA the lines of the code.
func textLines(t *testing.T, file string) (lines [][]byte) {
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	in := bufio.NewScanner(bytes.NewReader(raw))
	in.Buffer(nil, 1<<22)
	for in.Scan() {
		if !strings.HasSuffix(file, ".jsonl") {
			lines = append(lines, bytes.Clone(in.Bytes()))
			continue
		}
		var doc struct{ Text string }
		require.NoError(t, json.Unmarshal(in.Bytes(), &doc))
		lines = append(lines, bytes.Split([]byte(doc.Text), []byte("\n"))...)
	}
	return lines
}
