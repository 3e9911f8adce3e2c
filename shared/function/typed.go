package function

import (
	"context"
	"fmt"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func newRoute(pattern string, opts []Option) Route {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok || !strings.HasPrefix(path, "/") {
		panic(fmt.Sprintf("function: pattern %q is not \"METHOD /path\"", pattern))
	}
	r := Route{Method: method, Path: path, MaxBody: 1 << 20}
	for _, o := range opts {
		o(&r)
	}
	if r.Access == AccessDenied {
		panic(fmt.Sprintf("function: route %q has no access rule: Allow or Public", pattern))
	}
	return r
}

func deliverTyped[T dcoder.EventData](h func(context.Context, string, []dcoder.Event[T]) []error) func(context.Context, string, []dcoder.Envelope) []error {
	return func(ctx context.Context, tenant string, batch []dcoder.Envelope) []error {
		errs := make([]error, len(batch))
		events := make([]dcoder.Event[T], 0, len(batch))
		index := make([]int, 0, len(batch))
		for i, e := range batch {
			ev, err := dcoder.Decode[T](e)
			if err != nil {
				errs[i] = &dcoder.Error{Status: 422, Code: "undecodable_event", Message: "the event's data is not of its type", Cause: err}
				continue
			}
			events, index = append(events, ev), append(index, i)
		}
		if len(events) == 0 {
			return errs
		}
		answers := h(ctx, tenant, events)
		if answers != nil && len(answers) != len(events) { // which is whose cannot be known: retry all
			answers = sameError(len(events), fmt.Errorf("%d answers to %d events", len(answers), len(events)))
		}
		for j, err := range answers {
			errs[index[j]] = err
		}
		return errs
	}
}
