package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/infra/bench/pacer"
)

// caller asks one way over connections of its own.
type caller struct {
	way    *way
	client *http.Client
}

func newCaller(w *way, conns int) *caller {
	return &caller{w, &http.Client{
		Timeout: time.Minute,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: conns, DisableCompression: true,
		},
	}}
}

func (c *caller) close() { c.client.CloseIdleConnections() }

func (c *caller) ask(ctx context.Context, stream bool, say string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.way.addr+c.way.path, strings.NewReader(c.way.body(stream, say)))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+c.way.keys[0])
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cache-Control", "no-store") // what is measured are calls
	answer, err := c.client.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(io.LimitReader(answer.Body, 512))
		_ = answer.Body.Close()
		return nil, fmt.Errorf("status %d: %s", answer.StatusCode, raw)
	}
	return answer, nil
}

// whole is the time of one whole answer.
func (c *caller) whole(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	answer, err := c.ask(ctx, false, "")
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	took := time.Since(began)
	return took, errors.Join(err, answer.Body.Close())
}

// streamed reads one stream with a pace.
func (c *caller) streamed(ctx context.Context) (*paced, error) {
	began := time.Now()
	answer, err := c.ask(ctx, true, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	p := &paced{}
	var sent, got time.Time
	lines := bufio.NewReader(answer.Body)
	for {
		line, err := lines.ReadSlice('\n')
		now := time.Now()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		at, ok := pacer.Stamp(line)
		if !ok {
			continue
		}
		if p.events == 0 {
			p.firsts = append(p.firsts, now.Sub(began))
		} else {
			p.shifts = append(p.shifts, (now.Sub(got) - at.Sub(sent)).Abs())
		}
		p.events++
		sent, got = at, now
	}
	if p.events != pacer.Events {
		return nil, fmt.Errorf("%d events of %d came", p.events, pacer.Events)
	}
	return p, nil
}

// playPaced plays some streams at once, spread over one pace so that they do not tick together; a stream before
// them opens what is opened once.
func playPaced(ctx context.Context, w *way, conns int) (*paced, error) {
	c := newCaller(w, conns)
	defer c.close()
	if _, err := c.streamed(ctx); err != nil {
		return nil, err
	}
	before := w.usage()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		all   paced
		fails error
	)
	for i := range conns {
		group.Go(func() {
			wait := time.NewTimer(time.Duration(i) * 10 * pacer.Pace / time.Duration(conns))
			defer wait.Stop()
			<-wait.C
			one, err := c.streamed(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				fails = errors.Join(fails, err)
				return
			}
			all.add(one)
		})
	}
	group.Wait()
	after := w.usage()
	all.cpu = after.cpu - before.cpu + after.store - before.store
	all.memory = after.resident
	return &all, fails
}

// hangUp opens a stream, reads its first content, hangs up, and asks the provider when it saw that.
func hangUp(ctx context.Context, w *way, provider, n string) (time.Duration, error) {
	c := newCaller(w, 1)
	defer c.close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	call, leave := context.WithCancel(ctx)
	defer leave()
	answer, err := c.ask(call, true, pacer.HangUp+n+" ")
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if _, ok := pacer.Stamp(lines.Bytes()); ok {
			break
		}
	}
	at := time.Now()
	leave()
	told, err := toldAt(ctx, provider, n)
	return told.Sub(at), err
}

// toldAt asks until the provider has seen the hang-up.
func toldAt(ctx context.Context, provider, n string) (time.Time, error) {
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+provider+pacer.PathGone+"?n="+n, nil)
		if err != nil {
			return time.Time{}, err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return time.Time{}, err
		}
		var ns int64
		_, err = fmt.Fscan(answer.Body, &ns)
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusOK && err == nil {
			return time.Unix(0, ns), nil
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("the provider never saw the hang-up: %w", ctx.Err())
		}
	}
}
