package llmsim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest/recorded"
)

// notSimulated are recordings of what the simulator does not offer.
var notSimulated = regexp.MustCompile(`audio|image|web-search|WebSearch|ComputerUse|WithSummaryThinking|chat-multimodal|completion-suffix|azure`)

// TestKeysAreThoseOfTheRecordings replays every recorded request against the
// simulator and compares the keys of all answers, event type by event type.
func TestKeysAreThoseOfTheRecordings(t *testing.T) {
	all := recordings(t)
	server := httptest.NewServer(llmsim.New(llmsim.Config{}).Handler())
	t.Cleanup(server.Close)

	real, simulated := map[string]*shape{}, map[string]*shape{}
	for _, r := range all {
		group := groupOf(r.Request.URL)
		learn(real, group, r.Response.Body)
		status, body := replay(t, server.URL, r)
		require.Equal(t, r.Response.Code, status, "%s: %s", r.File, body)
		learn(simulated, group, body)
	}
	require.GreaterOrEqual(t, len(simulated), 30, "groups compared")
	for group, sim := range simulated {
		t.Run(group, func(t *testing.T) {
			recorded := real[group]
			require.NotNil(t, recorded, "no such event was recorded")
			for path := range sim.has {
				require.Contains(t, recorded.has, path, "no recording has this key")
			}
			for path, n := range recorded.has {
				parent := path[:strings.LastIndexByte(path, '.')]
				if always := n == recorded.objects[parent]; always && sim.objects[parent] > 0 {
					require.Equal(t, sim.objects[parent], sim.has[path], "every recording has %s", path)
				}
			}
		})
	}
}

func recordings(t *testing.T) []recorded.Call {
	t.Helper()
	out := recorded.Calls(t, func(c *recorded.Call) bool { return !notSimulated.MatchString(c.File) })
	require.Greater(t, len(out), 150)
	return out
}

// replay sends a recorded request to the simulator.
func replay(t *testing.T, base string, r recorded.Call) (int, string) {
	u, err := url.Parse(r.Request.URL)
	require.NoError(t, err)
	req, err := http.NewRequest(http.MethodPost, base+u.RequestURI(), strings.NewReader(r.Request.Body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer test-key")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(res.Body)
	require.NoError(t, err)
	return res.StatusCode, body.String()
}

var modelInPath = regexp.MustCompile(`(projects|models)/[^/:]+`)

func groupOf(raw string) string {
	u, _ := url.Parse(raw)
	return u.Host + modelInPath.ReplaceAllString(u.Path, "$1/X")
}

// shape counts, for every path of keys, in how many objects the key stood.
type shape struct{ objects, has map[string]int }

var eventSplit = regexp.MustCompile(`\r?\n\r?\n`)

// learn adds a body's objects to the shapes of its group: one shape for plain
// answers, one for each type of event.
func learn(into map[string]*shape, group, body string) {
	if !strings.HasPrefix(body, "data:") && !strings.HasPrefix(body, "event:") {
		walkInto(into, group+" plain", body)
		return
	}
	for _, event := range eventSplit.Split(body, -1) {
		name, data := "", ""
		for line := range strings.Lines(event) {
			if v, ok := strings.CutPrefix(line, "event:"); ok {
				name = strings.TrimSpace(v)
			}
			if v, ok := strings.CutPrefix(line, "data:"); ok {
				data += strings.TrimSpace(v)
			}
		}
		if data != "" && data != "[DONE]" {
			walkInto(into, group+" event "+name, data)
		}
	}
}

func walkInto(into map[string]*shape, group, data string) {
	var v any
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		panic(fmt.Sprintf("%s: %v: %.200s", group, err, data))
	}
	if into[group] == nil {
		into[group] = &shape{map[string]int{}, map[string]int{}}
	}
	into[group].walk("", v)
}

// callersOwn are objects whose keys are the caller's, not the vendor's.
var callersOwn = regexp.MustCompile(`\.(input|args|schema|parameters|logprobs)$`)

func (s *shape) walk(path string, v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			s.walk(path+"[]", x)
		}
	case map[string]any:
		if kind, ok := v["type"].(string); ok {
			path += "<" + kind + ">"
		}
		s.objects[path]++
		for k, x := range v {
			s.has[path+"."+k]++
			if !callersOwn.MatchString(path + "." + k) {
				s.walk(path+"."+k, x)
			}
		}
	}
}
