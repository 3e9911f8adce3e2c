package llm

import (
	"context"
	"time"
)

// Shelf keeps answers for calls that ask the same again, and lets processes share
// a call under way. What it is given is sealed. All methods are safe for
// concurrent use; none makes a call wait for longer than a second or two, and all
// may fail: a cache that is away is a miss.
type Shelf interface {
	// Holder is the name under which this process claims flights.
	Holder() string
	// Find returns the answer under an entry's key, nil when there is none.
	Find(ctx context.Context, entry string) ([]byte, error)
	// Voided says when anything that carries one of the labels was last declared
	// void in a tenant; zero: never.
	Voided(ctx context.Context, tenant string, labels []string) (time.Time, error)
	// Land ends a flight, soon and without waiting, and keeps its answer.
	Land(l *Landing)
	// Lead holds the claim on a flight until it lands. Once somebody elsewhere
	// follows, next is called now and then for what came since; it returns nil when
	// nothing did.
	Lead(f Flight, next func() []byte)
	// Follow hands take what the holder of a flight tells, until take wants no more
	// or the flight has landed or its holder is gone; it then returns the answer that
	// is kept, nil when there is none.
	Follow(ctx context.Context, f Flight, holder string, take func(piece []byte) (more bool)) (entry []byte, err error)
}

// Flight is a call under way that others may share.
type Flight struct {
	Tenant string
	Name   string // key of the claim, and of what is told to followers
	Entry  string // key of the answer
}

// Landing is the end of a flight, or of a claim on one that nobody flies.
type Landing struct {
	Flight
	Claimed bool          // the claim is this process's to give up
	Sealed  []byte        // the answer to keep; nil: none
	TTL     time.Duration // of it
	Last    func() []byte // what is left to tell followers elsewhere; nil: nothing
	Done    func()        // called when it is done, or given up; may be nil
}

// Void declares answers void: those of a tenant that carry one of the labels and
// were asked for before now.
type Void interface {
	Void(ctx context.Context, tenant string, labels []string) error
}
