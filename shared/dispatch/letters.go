package dispatch

import (
	"context"
	"time"
)

// Letter is a dead letter: an event that a function gave up on. Its data is not
// shown, since it may hold a tenant's contents.
type Letter struct {
	ID       uint64 // place among the dead letters
	Function string
	Tenant   string
	Type     string
	EventID  string
	Source   string
	Time     time.Time // of the event
	Died     time.Time
	Status   int    // last HTTP status, 0 when there was none
	Code     string // why, stable
	Failures int    // deliveries that failed
}

// LetterFilter chooses dead letters; empty fields choose all.
type LetterFilter struct {
	Function string
	Tenant   string
	After    uint64 // only letters with a higher ID
	Limit    int
}

// DeadLetters keeps what was given up on.
type DeadLetters interface {
	// List returns letters, oldest first.
	List(ctx context.Context, f LetterFilter) ([]Letter, error)
	// Replay hands a letter's event to its function again, and to no other, and
	// removes the letter. A replay that is done twice delivers at least once.
	Replay(ctx context.Context, id uint64) error
}
