package usage

import (
	"context"
	"errors"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// recorded writes the records of several events in one transaction. A record that
// can never be a row makes a dead letter of its event and stops no other: what is
// good of the event is written all the same, and a replay repeats it harmlessly.
func (u *usage) recorded(ctx context.Context, tenant string, events []dcoder.Event[dcoder.UsageRecorded]) []error {
	if tenant == dcoder.PlatformTenant {
		return all(len(events), poison(errors.New("the platform itself has no usage")))
	}
	errs := make([]error, len(events))
	good := make([][]dcoder.UsageRecord, len(events))
	for i, e := range events {
		good[i], errs[i] = sift(tenant, e.Value.Records)
	}
	for i, err := range u.write(ctx, tenant, good) {
		if err != nil {
			errs[i] = err
		}
	}
	return errs
}

// sift parts the records that can be rows from those that cannot, and returns why
// the first of those cannot.
func sift(tenant string, records []dcoder.UsageRecord) (good []dcoder.UsageRecord, first error) {
	for i := range records {
		err := metering.Check(tenant, &records[i])
		if err == nil {
			good = append(good, records[i])
		} else if first == nil {
			first = err
		}
	}
	return good, first
}

// write writes groups of records together. When the database refuses the data,
// the groups go one by one, then the records of the group at fault.
func (u *usage) write(ctx context.Context, tenant string, groups [][]dcoder.UsageRecord) []error {
	var together []dcoder.UsageRecord
	for _, g := range groups {
		together = append(together, g...)
	}
	err := u.Store.Write(ctx, tenant, together)
	switch {
	case !errors.Is(err, metering.ErrPoison):
		return all(len(groups), err)
	case len(together) == 1:
		return all(len(groups), poison(err))
	}
	errs := make([]error, len(groups))
	for i, g := range groups {
		errs[i] = u.isolate(ctx, tenant, g, len(groups) > 1)
	}
	return errs
}

// isolate writes a group; together first when that is not known to fail.
func (u *usage) isolate(ctx context.Context, tenant string, group []dcoder.UsageRecord, together bool) error {
	if together {
		if err := u.Store.Write(ctx, tenant, group); !errors.Is(err, metering.ErrPoison) {
			return err
		}
	}
	var refused error
	for _, r := range group {
		switch err := u.Store.Write(ctx, tenant, []dcoder.UsageRecord{r}); {
		case errors.Is(err, metering.ErrPoison):
			refused = poison(err)
		case err != nil:
			return err // the database went away: the whole event again
		}
	}
	return refused
}

func poison(cause error) error {
	return &dcoder.Error{
		Status: http.StatusUnprocessableEntity, Code: "poison_record",
		Message: "a usage record cannot be stored", Cause: cause,
	}
}

func all(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
