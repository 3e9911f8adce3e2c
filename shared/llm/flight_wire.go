package llm

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"time"
)

// A flight is told to other processes in pieces: what came since the last one,
// and at last how it ended. Each is sealed for the flight's tenant and name.
//
//	version, state, 1 for a stream, 2 bytes: length of the end as JSON,
//	8 bytes: where in the log the bytes stand; the end, the bytes
const (
	pieceVersion = 1
	pieceHead    = 5 + 8
)

// piece returns what other processes were not told yet; nil when that is nothing.
func (c *Coats) piece(f *flight, of Flight) []byte {
	f.mu.Lock()
	f.elsewhere = true
	news := f.log[f.told:]
	if !f.stream && f.state == flying || len(news) == 0 && f.state == flying {
		f.mu.Unlock()
		return nil
	}
	at := f.told
	f.told = len(f.log)
	end, err := json.Marshal(f.end)
	out := append(make([]byte, 0, pieceHead+len(end)+len(news)), pieceVersion, byte(f.state), 0)
	if f.stream {
		out[2] = 1
	}
	out = binary.BigEndian.AppendUint16(out, uint16(len(end))) //nolint:gosec // a few counts and names
	out = binary.BigEndian.AppendUint64(out, uint64(at))       //nolint:gosec // a place in the log
	out = append(append(out, end...), news...)
	f.mu.Unlock()
	if err == nil {
		out, err = c.Sealer.Seal(context.Background(), of.Tenant, flightObject(of.Name), out)
	}
	if err != nil {
		slog.Warn("a shared call cannot be told to other processes", "error", err)
		return nil
	}
	return out
}

func flightObject(name string) string { return "flight/" + name }

// hear takes a piece from another process. It reports whether more is wanted.
func (c *Coats) hear(ctx context.Context, f *flight, of Flight, sealed []byte) bool {
	in, err := c.Sealer.Open(ctx, of.Tenant, flightObject(of.Name), sealed)
	if err != nil || len(in) < pieceHead || in[0] != pieceVersion {
		f.lose()
		return false
	}
	n := pieceHead + int(binary.BigEndian.Uint16(in[3:]))
	var end flightEnd
	if len(in) < n || json.Unmarshal(in[pieceHead:n], &end) != nil {
		f.lose()
		return false
	}
	f.mu.Lock()
	f.stream, f.end.Asked = in[2] == 1, end.Asked
	missing := binary.BigEndian.Uint64(in[5:]) != uint64(len(f.log))
	f.mu.Unlock()
	if missing || !f.add(in[n:]) {
		f.lose()
		return false
	}
	switch flightState(in[1]) {
	case landed:
		f.land(end)
	case lost:
		f.lose()
	case flying:
		return true
	}
	return false
}

// longestFlight bounds how long a process follows another's call.
const longestFlight = 15 * time.Minute

// feed follows a flight of another process for all that follow it here.
func (c *Coats) feed(f *flight, of Flight, holder string) {
	ctx, cancel := context.WithTimeout(context.Background(), longestFlight)
	f.mu.Lock()
	f.fed, f.left = true, cancel
	f.mu.Unlock()
	go func() {
		defer cancel()
		sealed, err := c.Shelf.Follow(ctx, of, holder, func(piece []byte) bool { return c.hear(ctx, f, of, piece) })
		if err != nil && ctx.Err() == nil {
			slog.Debug("a call of another process cannot be followed", "error", err)
		}
		if sealed != nil {
			c.fetched(ctx, f, of, sealed)
		}
		f.lose() // unless it has landed
		c.flights.remove(of.Entry, f)
	}()
}

// fetched lands a flight with the answer that was kept of it.
func (c *Coats) fetched(ctx context.Context, f *flight, of Flight, sealed []byte) {
	e, err := openEntry(ctx, c.Sealer, of.Tenant, of.Entry, sealed)
	if err != nil {
		return
	}
	if at, err := c.Shelf.Voided(ctx, of.Tenant, e.Labels); err != nil || !at.Before(e.Asked) {
		return
	}
	f.mu.Lock()
	if f.state == flying {
		f.kept = e
	}
	f.mu.Unlock()
	f.land(flightEnd{})
}
