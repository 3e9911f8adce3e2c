package double

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// function runs chunks of Lua before all other plugins. The part of Kong's PDK
// that they may use is what pdk sets; all else is nil there.
type function struct {
	Access []string `json:"access"`

	chunks []*lua.FunctionProto
	idle   sync.Pool
}

const longestChunk = time.Second

func buildFunction(_ *Gateway, _ place, raw json.RawMessage) (any, error) {
	p := &function{}
	if err := read(raw, p); err != nil {
		return nil, err
	}
	if len(p.Access) == 0 {
		return nil, errors.New("config.access: nothing to run")
	}
	for _, text := range p.Access {
		tree, err := parse.Parse(strings.NewReader(text), "access")
		if err != nil {
			return nil, fmt.Errorf("config.access: %w", err)
		}
		chunk, err := lua.Compile(tree, "access")
		if err != nil {
			return nil, fmt.Errorf("config.access: %w", err)
		}
		p.chunks = append(p.chunks, chunk)
	}
	p.idle.New = func() any { return newInterpreter() }
	return p, nil
}

func (p *function) access(x *exchange) {
	in := p.idle.Get().(*interpreter)
	in.x = x
	defer func() { in.x = nil; p.idle.Put(in) }()
	ctx, cancel := context.WithTimeout(x.r.Context(), longestChunk)
	defer cancel()
	in.lua.SetContext(ctx)
	for _, chunk := range p.chunks {
		in.lua.Push(in.lua.NewFunctionFromProto(chunk))
		if err := in.lua.PCall(0, 0, nil); err != nil {
			x.gateway.options.Log.ErrorContext(ctx, "pre-function failed", "error", err)
			x.refuse(http.StatusInternalServerError, "An unexpected error occurred")
			return
		}
	}
}

// interpreter is one Lua state, of one request at a time.
type interpreter struct {
	lua *lua.LState
	x   *exchange
}

func newInterpreter() *interpreter {
	in := &interpreter{lua: lua.NewState(lua.Options{SkipOpenLibs: true, RegistrySize: 1024})}
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenString, lua.OpenTable, lua.OpenMath} {
		in.lua.Push(in.lua.NewFunction(open))
		in.lua.Call(0, 0)
	}
	for _, unsafe := range []string{"dofile", "loadfile", "load", "loadstring", "require", "module", "print", "collectgarbage"} {
		in.lua.SetGlobal(unsafe, lua.LNil)
	}
	in.pdk()
	return in
}

// pdk sets the functions of kong.* that are implemented.
func (in *interpreter) pdk() {
	table := func(funcs map[string]lua.LGFunction) *lua.LTable { return in.lua.SetFuncs(in.lua.NewTable(), funcs) }
	kong := in.lua.NewTable()
	kong.RawSetString("request", table(map[string]lua.LGFunction{"get_header": in.getHeader}))
	kong.RawSetString("client", table(map[string]lua.LGFunction{"load_consumer": in.loadConsumer, "authenticate": in.authenticate}))
	in.lua.SetGlobal("kong", kong)
}

// getHeader is kong.request.get_header(name): the first value, or nil.
func (in *interpreter) getHeader(l *lua.LState) int {
	values := in.x.r.Header.Values(l.CheckString(1))
	if len(values) == 0 {
		l.Push(lua.LNil)
	} else {
		l.Push(lua.LString(values[0]))
	}
	return 1
}

// loadConsumer is kong.client.load_consumer(id, by_username). Consumers have no
// other id than their name here.
func (in *interpreter) loadConsumer(l *lua.LState) int {
	found := in.x.state.consumers[l.CheckString(1)]
	if found == nil || !l.OptBool(2, false) {
		l.Push(lua.LNil)
		return 1
	}
	t := l.NewTable()
	t.RawSetString("id", lua.LString(found.name))
	t.RawSetString("username", lua.LString(found.name))
	l.Push(t)
	return 1
}

// authenticate is kong.client.authenticate(consumer, credential).
func (in *interpreter) authenticate(l *lua.LState) int {
	name := l.CheckTable(1).RawGetString("username").String()
	in.x.consumer = in.x.state.consumers[name]
	return 0
}
