// Package deadletters lets the platform's owner see which events were given up
// on, and hand them to their function again once the cause is mended.
//
// It never shows an event's data, and it delivers nothing itself: the dispatcher
// does.
package deadletters

import (
	"context"
	"strconv"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// Deps is what the function works with.
type Deps struct {
	Letters dispatch.DeadLetters
}

// New returns the function.
func New(d Deps) function.Func {
	l := &letters{d}
	return function.New("deadletters",
		function.Call("GET /v1/dead-letters", l.list, function.Allow(dcoder.EventsReplay),
			function.Summary("Events that a function gave up on, oldest first")),
		function.Call("POST /v1/dead-letters/{id}/replay", l.replay, function.Allow(dcoder.EventsReplay),
			function.Summary("Hand an event to its function again and remove the letter")),
		function.Scaling{Concurrency: 20, Timeout: 30 * time.Second, CPU: "50m", Memory: "64Mi"},
	)
}

type letters struct{ Deps }

type filter struct {
	function.PageInput
	Function string `query:"function" maxLength:"64" doc:"only those of this function"`
	Tenant   string `query:"tenant" maxLength:"64" doc:"only those of this tenant"`
}

type page struct{ Body function.Page[letter] }

type letter struct {
	ID       string    `json:"id"`
	Function string    `json:"function" doc:"who gave it up"`
	Tenant   string    `json:"tenant"`
	Type     string    `json:"type"`
	EventID  string    `json:"eventId"`
	Source   string    `json:"source"`
	Time     time.Time `json:"time,omitzero" doc:"of the event"`
	DiedAt   time.Time `json:"diedAt"`
	Status   int       `json:"status" doc:"last HTTP status; 0 when the function was not reached"`
	Code     string    `json:"code" doc:"why"`
	Failures int       `json:"failures" doc:"deliveries that failed"`
}

// position of a page: the last letter that was shown.
type position struct {
	After uint64 `json:"a"`
}

func (l *letters) list(ctx context.Context, f *filter) (*page, error) {
	at, err := function.DecodeCursor[position](f.Cursor)
	if err != nil {
		return nil, err
	}
	found, err := l.Letters.List(ctx, dispatch.LetterFilter{
		Function: f.Function, Tenant: f.Tenant, After: at.After, Limit: f.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	next := ""
	if len(found) > f.Limit {
		found = found[:f.Limit]
		next = function.EncodeCursor(position{found[f.Limit-1].ID})
	}
	items := make([]letter, len(found))
	for i, d := range found {
		items[i] = letter{
			strconv.FormatUint(d.ID, 10), d.Function, d.Tenant, d.Type, d.EventID, d.Source,
			d.Time, d.Died, d.Status, d.Code, d.Failures,
		}
	}
	return &page{function.NewPage(items, next)}, nil
}

type replayed struct {
	Status int
}

type one struct {
	ID string `path:"id" maxLength:"20"`
}

func (l *letters) replay(ctx context.Context, in *one) (*replayed, error) {
	id, err := strconv.ParseUint(in.ID, 10, 64)
	if err != nil || id == 0 {
		return nil, dcoder.NotFound("dead letter", in.ID)
	}
	if err := l.Letters.Replay(ctx, id); err != nil {
		return nil, err
	}
	return &replayed{Status: 202}, nil
}
