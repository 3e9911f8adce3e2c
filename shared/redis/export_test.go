package redis

import (
	"context"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// FakeTime makes the scripts of l read Redis' time from the field "us" of the
// key beside the tenant's counters, so that a test can move it.
func FakeTime(l *Ledger) {
	const fake = `(function()
  local us = redis.call('GET', string.match(KEYS[1], '^{[^}]*}') .. ':clock')
  return {string.sub(us, 1, -7), string.sub(us, -6)}
end)()`
	l.scripts = loadScripts(func(name string) *script {
		s := strings.ReplaceAll(shebang+source("prelude")+source(name), "redis.call('TIME')", fake)
		return newScript(strings.ReplaceAll(s, "call('TIME')", fake))
	})
}

// ClockKey is where FakeTime reads the time of a tenant.
func ClockKey(tenant string) string { return "{" + tenant + "}:clock" }

// Check looks for lost epochs now, as the keeper does every half second.
func Check(l *Ledger, ctx context.Context) { l.check(ctx) }

// AppendRecord is the encoder of rows.
var AppendRecord = appendRecord

// AdmitAlone is Admit without a group: one script call for one request. It is
// what the benchmarks compare with.
func AdmitAlone(l *Ledger, a *llm.Admission) (llm.Verdict, error) {
	b := l.book(a.Tenant)
	set, err := b.set(a.Limits, a.TimeZone)
	if err != nil {
		return llm.Verdict{}, err
	}
	now := l.clock.now()
	h := newHeld(a, set, now)
	own := &book{names: b.names, boxes: b.boxes, active: now, fields: map[string]any{}, held: map[string]*held{}}
	f := flushPool.Get().(*flush)
	list := []*held{h}
	f.add(own, &list, false)
	f.send(l)
	l.running.Add(-1)
	answer := f.groups[0].answers[0]
	f.reset()
	flushPool.Put(f)
	return answer.verdict, answer.err
}

// SettleAlone is Settle without a group.
func SettleAlone(l *Ledger, s *llm.Settlement) {
	b := l.book(s.Admission.Tenant)
	set, _ := b.set(s.Admission.Limits, s.Admission.TimeZone)
	e := &ending{book: b, set: set, s: s, holds: s.Admission.Amounts, id: s.Admission.ID, plain: true, epoch: int64(epochNumber(s.Verdict.Epoch))}
	e.at = s.Verdict.Time.UnixMicro()
	e.row = appendRecord(nil, &s.Record)
	l.settler.mu.Lock()
	l.settler.flying++
	l.settler.mu.Unlock()
	l.settler.write([]*settling{{book: b, plain: true, endings: []*ending{e}}})
}

// AdmitTogether decides calls of one tenant in one group, in their order.
func AdmitTogether(l *Ledger, calls []*llm.Admission) ([]llm.Verdict, error) {
	b := l.book(calls[0].Tenant)
	for {
		f := &flush{}
		var list []*held
		for _, a := range calls {
			set, err := b.set(a.Limits, a.TimeZone)
			if err != nil {
				return nil, err
			}
			list = append(list, newHeld(a, set, l.clock.now()))
		}
		f.add(b, &list, false)
		f.send(l)
		verdicts := make([]llm.Verdict, len(calls))
		again := false
		for i, a := range f.groups[0].answers {
			if a.err != nil {
				return nil, a.err
			}
			if a.code == codeCold {
				if err := l.seed(context.Background(), b, f.groups[0].calls[i].set, time.Now().Add(time.Second)); err != nil {
					return nil, err
				}
			}
			again = again || a.code == codeCold || a.code == codeStale
			verdicts[i] = a.verdict
		}
		if !again {
			return verdicts, nil
		}
	}
}

// ReadReservation unpacks a reservation and says whether it could.
func ReadReservation(s string) bool {
	_, _, _, _, err := readReservation(s)
	return err == nil
}

// StoredField is a counter of a reservation.
type StoredField struct {
	Name   string
	Metric dcoder.Metric
	Window dcoder.Window
}

// FieldsOf unpacks the counters of a reservation, and its intent.
func FieldsOf(blob string) (out []StoredField, intent string, err error) {
	_, _, fields, intent, err := readReservation(blob)
	for _, f := range fields {
		out = append(out, StoredField{f.name, metrics[f.metric], windows[f.window]})
	}
	return out, intent, err
}
