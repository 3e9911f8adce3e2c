package llm

import (
	"math"
	"sync/atomic"
	"time"
)

// pace is how fast a deployment answers: exponentially weighted moving averages,
// of streams the time to the first content, of whole answers the time to them.
type pace struct {
	stream, whole average
}

// smoothing is the weight of the newest measurement.
const smoothing = 0.2

// outdated is how old a measurement may be that still counts: what was slow is
// tried again.
const outdated = 5 * time.Minute

type average struct {
	bits atomic.Uint64 // seconds as a float
	at   atomic.Int64  // Unix ns of the last measurement
}

// add counts a measurement. Two at once may lose one, which an average bears.
func (a *average) add(now time.Time, took time.Duration) {
	s := took.Seconds()
	if old := a.read(now); old > 0 {
		s = old + smoothing*(s-old)
	}
	a.bits.Store(math.Float64bits(s))
	a.at.Store(now.UnixNano())
}

// read returns seconds; 0: not known.
func (a *average) read(now time.Time) float64 {
	if at := a.at.Load(); at == 0 || now.UnixNano()-at > int64(outdated) {
		return 0
	}
	return math.Float64frombits(a.bits.Load())
}

func (p *pace) of(stream bool) *average {
	if stream {
		return &p.stream
	}
	return &p.whole
}

// read returns the average of the kind, of the other kind where it is not known,
// and 0 where nothing is.
func (p *pace) read(now time.Time, stream bool) float64 {
	if s := p.of(stream).read(now); s > 0 {
		return s
	}
	return p.of(!stream).read(now)
}
