package redis

import (
	"context"
	"crypto/sha1" //nolint:gosec // how Redis names its scripts, not a safeguard
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

// script is a Lua script that is called by its hash, and sent whole where the
// server does not know it.
type script struct {
	source string
	sha    any // string, boxed once
}

func load(name string) *script {
	return newScript(shebang + source("prelude") + source(name))
}

// shebang makes Redis refuse a script as a whole when it has no memory left,
// instead of its first write that needs some.
const shebang = "#!lua\n"

func source(name string) string {
	b, err := sources.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // embedded at build time
	}
	return string(b)
}

func newScript(source string) *script {
	sum := sha1.Sum([]byte(source)) //nolint:gosec // see above
	return &script{source: source, sha: hex.EncodeToString(sum[:])}
}

// scripts are all scripts of the package.
type scripts struct {
	admit, extend, settle, rejoin, mark, seed, open, bury, raise, ensure, put, retire, clock, release, renew, store,
	lease, giveback, returned, correct, void *script
}

func loadScripts(load func(name string) *script) *scripts {
	return &scripts{
		admit: load("admit"), extend: load("extend"), settle: load("settle"), rejoin: load("rejoin"),
		mark: load("mark"), seed: load("seed"), open: load("open"), bury: load("bury"),
		raise: load("raise"), ensure: load("ensure"), put: load("put"), retire: load("retire"), clock: load("now"),
		release: load("release"), renew: load("renew"), store: load("store"),
		lease: load("lease"), giveback: load("giveback"), returned: load("returned"), correct: load("correct"),
		void: load("void"),
	}
}

var embedded = loadScripts(load)

var evalsha any = "evalsha"

func unknownScript(err error) bool {
	return err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT")
}

// run calls one script outside a group.
func (s *script) run(ctx context.Context, c goredis.Cmdable, keys []string, args ...any) *goredis.Cmd {
	cmd := c.EvalSha(ctx, s.sha.(string), keys, args...)
	if broke(cmd.Err()) && ctx.Err() == nil {
		cmd = c.EvalSha(ctx, s.sha.(string), keys, args...)
	}
	if unknownScript(cmd.Err()) {
		cmd = c.Eval(ctx, s.source, keys, args...)
	}
	return cmd
}

// broke reports whether a connection ended under a call, as one does that was
// idle for too long. Nobody knows whether the call was heard.
func broke(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// call is one script call of a pipeline.
type call struct {
	script *script
	cmd    *goredis.Cmd
}

// execute sends the calls and the other commands in one flush, and once more
// with their source those whose script the server does not know. The error of
// each command stands in the command.
func execute(ctx context.Context, c goredis.UniversalClient, calls []call, others ...goredis.Cmder) {
	p := c.Pipeline()
	for _, o := range others {
		_ = p.Process(ctx, o)
	}
	for i := range calls {
		_ = p.Process(ctx, calls[i].cmd)
	}
	_, _ = p.Exec(ctx)
	for i := range calls {
		if !unknownScript(calls[i].cmd.Err()) {
			continue
		}
		args := append([]any{}, calls[i].cmd.Args()...)
		args[0], args[1] = "eval", calls[i].script.source
		calls[i].cmd = goredis.NewCmd(ctx, args...)
		_ = c.Process(ctx, calls[i].cmd)
	}
}

// repeat sends calls again whose connection ended.
func repeat(ctx context.Context, c goredis.UniversalClient, calls []call) {
	var again []call
	for i := range calls {
		if broke(calls[i].cmd.Err()) {
			calls[i].cmd = goredis.NewCmd(ctx, calls[i].cmd.Args()...)
			again = append(again, calls[i])
		}
	}
	if len(again) > 0 {
		execute(ctx, c, again)
	}
}

// textOf returns the one string that a ledger script answers.
func textOf(cmd *goredis.Cmd) (string, error) {
	v, err := cmd.Result()
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("script answered %T, not a string", v)
	}
	return s, nil
}

// now returns the time of the node that holds key.
func (s *scripts) now(ctx context.Context, c goredis.Cmdable, key string) (time.Time, error) {
	us, err := s.clock.run(ctx, c, []string{key}).Int64()
	if err != nil {
		return time.Time{}, fmt.Errorf("ask for the time: %w", err)
	}
	return time.UnixMicro(us).UTC(), nil
}
