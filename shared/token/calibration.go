package token

import "sync"

// Calibration learns how many tokens a model's provider reports for what Count
// takes for one: vocabularies differ, and only OpenAI's are known here. Make one
// for each provider and model. It may be used by many goroutines; its zero value
// takes Count for right.
type Calibration struct {
	mu                sync.Mutex
	counted, reported float64
}

const (
	// prior is how many counted tokens at a factor of 1 it begins with, so that
	// one small answer does not throw it.
	prior = 2_000
	// memory is after how many tokens old reports have faded to a half and less.
	memory = 2_000_000
	// Reports outside of these are no matter of vocabulary: hidden prompts,
	// pictures, a provider that counts something else.
	leastFactor, mostFactor = .4, 3.
)

// Learn takes what was counted for a call's text and what was reported for it.
func (c *Calibration) Learn(counted, reported int64) {
	if counted <= 0 || float64(reported) < leastFactor*float64(counted) || float64(reported) > mostFactor*float64(counted) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counted += float64(counted)
	c.reported += float64(reported)
	if c.counted > memory {
		c.counted, c.reported = c.counted/2, c.reported/2
	}
}

// Factor is what to multiply counts with.
func (c *Calibration) Factor() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return (c.reported + prior) / (c.counted + prior)
}

// Apply turns a count into an estimate of what will be reported.
func (c *Calibration) Apply(counted int64) int64 {
	return int64(float64(counted)*c.Factor() + .5)
}
