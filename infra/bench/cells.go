package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/d-coder-ai/dcoder/infra/bench/upstream"
)

// cell is one row group of the table: a kind of load.
type cell struct {
	slow    bool // upstream waits 20 ms
	conns   int
	body    int // bytes of the request's body
	stream  bool
	tenants int
}

// String names the cell, for -only and for messages.
func (c cell) String() string {
	return fmt.Sprintf("%s/c%d/%s/%s/t%d", c.upstream(), c.conns, c.size(), c.mode(), c.tenants)
}

func (c cell) upstream() string {
	if c.slow {
		return "20ms"
	}
	return "instant"
}

func (c cell) size() string { return fmt.Sprintf("%dKB", c.body/1000) }

func (c cell) mode() string {
	if c.stream {
		return "stream"
	}
	return "whole"
}

// end is what a whole answer's payload ends in.
func (c cell) end() string {
	if c.stream {
		return upstream.StreamEnd
	}
	return "}"
}

var (
	connections = []int{1, 32, 256}
	sizes       = []int{1000, 100_000}
)

const manyTenants = 100

// allCells is the full matrix.
func allCells() []cell {
	var cells []cell
	for _, slow := range []bool{false, true} {
		for _, stream := range []bool{false, true} {
			for _, body := range sizes {
				for _, conns := range connections {
					for _, tenants := range []int{1, manyTenants} {
						cells = append(cells, cell{slow, conns, body, stream, tenants})
					}
				}
			}
		}
	}
	return cells
}

// quickCells are those that show most in a minute.
func quickCells() []cell {
	return []cell{
		{conns: 1, body: 1000, tenants: 1},
		{conns: 32, body: 1000, tenants: 1},
		{conns: 32, body: 1000, tenants: manyTenants},
		{conns: 256, body: 1000, tenants: 1},
		{conns: 256, body: 1000, tenants: manyTenants},
		{conns: 32, body: 100_000, tenants: 1},
		{conns: 32, body: 1000, tenants: 1, stream: true},
		{conns: 256, body: 1000, tenants: 1, stream: true},
		{conns: 1, body: 1000, tenants: 1, slow: true},
		{conns: 256, body: 1000, tenants: 1, slow: true},
	}
}

func matching(cells []cell, pattern string) ([]cell, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	var out []cell
	for _, c := range cells {
		if re.MatchString(c.String()) {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("-only %q matches none of the %d cells, such as %s", pattern, len(cells), cells[0])
	}
	return out, nil
}

// requests renders one request for each credential.
func (c cell) requests(host, model string, keys []string) [][]byte {
	body := c.render(model)
	out := make([][]byte, 0, c.tenants)
	for _, key := range keys[:min(c.tenants, len(keys))] {
		out = append(out, fmt.Appendf(nil, "POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\n"+
			"Authorization: Bearer %s\r\nContent-Type: application/json\r\nAccept: application/json\r\nCache-Control: no-store\r\n"+ // what is measured are calls
			"User-Agent: dcoder-bench\r\nContent-Length: %d\r\n\r\n%s", host, key, len(body), body))
	}
	return out
}

// render makes a chat request of c.body bytes. The marks stand at its head,
// where the upstream looks for them.
func (c cell) render(model string) string {
	var head strings.Builder
	fmt.Fprintf(&head, `{"model":%q,`, model)
	if c.stream {
		head.WriteString(upstream.MarkStream + `,"stream_options":{"include_usage":true},`)
	}
	if c.slow {
		head.WriteString(upstream.MarkDelay + `,`)
	}
	head.WriteString(`"max_tokens":128,"messages":[{"role":"user","content":"`)
	const tail = `"}]}`
	const words = "Summarise the following notes of the last planning meeting. "
	room := max(0, c.body-head.Len()-len(tail))
	return head.String() + strings.Repeat(words, room/len(words)+1)[:room] + tail
}
