package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func of(created, ready string, traffic ...target) *service {
	s := &service{}
	s.Status.LatestCreated, s.Status.LatestReady, s.Status.Traffic = created, ready, traffic
	return s
}

func TestTraffic(t *testing.T) {
	first := target{Revision: "chat-1", Latest: true, Percent: 100}
	held := target{Revision: "chat-1", Percent: 100, Tag: "stable"}
	ninety, ten := target{Revision: "chat-1", Percent: 90, Tag: "stable"}, target{Revision: "chat-2", Percent: 10, Tag: "canary"}
	some := func(s *service) ([]target, error) { return canary(s, 10) }
	for _, c := range []struct {
		name   string
		decide func(*service) ([]target, error)
		in     *service
		want   []target
		fault  string
	}{
		{"hold", hold, of("chat-1", "chat-1", first), []target{held}, ""},
		{"hold again", hold, of("chat-2", "chat-2", ninety, ten), []target{held}, ""},
		{"hold before anything runs", hold, of("", ""), nil, "no revision"},
		{"canary", some, of("chat-2", "chat-2", held), []target{ninety, ten}, ""},
		{"more of it", func(s *service) ([]target, error) { return canary(s, 50) }, of("chat-2", "chat-2", ninety, ten), []target{{Revision: "chat-1", Percent: 50, Tag: "stable"}, {Revision: "chat-2", Percent: 50, Tag: "canary"}}, ""},
		{"canary that is not ready", some, of("chat-2", "chat-1", held), nil, "chat-2 is not ready"},
		{"canary of nothing new", some, of("chat-1", "chat-1", held), nil, "newest revision already"},
		{"promote", promote, of("chat-2", "chat-2", ninety, ten), []target{{Latest: true, Percent: 100}}, ""},
		{"promote what is not ready", promote, of("chat-3", "chat-2", ninety, ten), nil, "chat-3 is not ready"},
		{"rollback", rollback, of("chat-2", "chat-2", ninety, ten), []target{held}, ""},
		{"rollback of one that never came up", rollback, of("chat-2", "chat-1", target{Revision: "chat-1", Latest: true, Percent: 100}), []target{held}, ""},
		{"rollback of what was never held", rollback, of("chat-2", "chat-2", target{Revision: "chat-2", Latest: true, Percent: 100}), nil, "by kubectl"},
	} {
		got, err := c.decide(c.in)
		if c.fault != "" {
			require.ErrorContains(t, err, c.fault, c.name)
			continue
		}
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got, c.name)
		sum := 0
		for _, x := range got {
			sum += x.Percent
		}
		require.Equal(t, 100, sum, c.name)
	}
}

func TestNotesAreGroupedByKind(t *testing.T) {
	var b strings.Builder
	writeNotes(&b, []string{"a1 fix(chat): b", "a2 feat!: c", "a3 docs: d", "a4 no kind"})
	require.Equal(t, "\n## New\n\n- feat!: c (a2)\n\n## Mended\n\n- fix(chat): b (a1)\n\n## Other\n\n- docs: d (a3)\n- no kind (a4)\n", b.String())
	b.Reset()
	writeNotes(&b, []string{""})
	require.Contains(t, b.String(), "Nothing")
}

func TestWrongWordsAreRefusedBeforeAnythingIsCalled(t *testing.T) {
	for _, args := range [][]string{nil, {"canary", "chat"}, {"canary", "chat", "0"}, {"canary", "chat", "100"}, {"fly", "chat"}} {
		require.Error(t, command(t.Context(), options{}, args))
	}
	require.ErrorContains(t, command(t.Context(), options{references: "none"}, []string{"deploy"}), "make images")
}

func TestResolve(t *testing.T) {
	manifests := []byte("image: ko://github.com/d-coder-ai/dcoder/functions/cmd/chat\nimage: \"ko://github.com/d-coder-ai/dcoder/workflows/cmd/worker\"\n")
	chat, worker := "r.example/d/chat@sha256:aa", "r.example/d/worker@sha256:bb"
	got, err := resolve(manifests, []string{worker, chat})
	require.NoError(t, err)
	require.Equal(t, "image: "+chat+"\nimage: \""+worker+"\"\n", string(got))
	for fault, refs := range map[string][]string{"no image of": {chat}, "by digest": {"r.example/d/chat:latest"}, "loopback": {"127.0.0.1:5/d/chat@sha256:aa"}} {
		_, err := resolve(manifests, refs)
		require.ErrorContains(t, err, fault)
	}
}
