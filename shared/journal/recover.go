package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/llm"
)

// Recover hands on what dead processes left in dir: calls to settle and records
// to deliver. settle returns nil when the orphan is safe elsewhere; otherwise it
// stays for the next time. Several may recover at once, each orphan goes to one
// of them; after a crash of the recoverer itself an orphan may come a second
// time, which the ledger and the usage table ignore. It returns how many were
// handed on. A directory that does not exist holds nothing.
func Recover(ctx context.Context, dir string, settle func(llm.Orphan) error) (int, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || dir == "" {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("list the journal: %w", err)
	}
	n := 0
	var failed []error
	for _, e := range entries {
		read := reader(e.Name())
		if read == nil {
			continue
		}
		handedOn, err := recoverFile(ctx, filepath.Join(dir, e.Name()), read, settle)
		n += handedOn
		if err != nil {
			failed = append(failed, fmt.Errorf("journal %s: %w", e.Name(), err))
		}
	}
	return n, errors.Join(failed...)
}

type readFunc func(r io.ReaderAt, size int64, yield func(found, error) bool)

func reader(name string) readFunc {
	switch {
	case strings.HasSuffix(name, slotSuffix):
		return readSlots
	case strings.HasSuffix(name, recordSuffix):
		return readRecords
	}
	return nil
}

// mostFailures ends a pass over a file: what refuses so many in a row is down,
// and each refusal may have cost a timeout.
const mostFailures = 3

// pass is one reading of a dead process's file.
type pass struct {
	ctx      context.Context //nolint:containedctx // of the one call that makes the pass
	file     *locked
	settle   func(llm.Orphan) error
	handed   int
	failures int // in a row
	left     bool
	errs     []error
}

// recoverFile settles the orphans of one file and removes it, unless some of
// them could not be settled. Torn ones never can: they are reported and go.
func recoverFile(ctx context.Context, path string, read readFunc, settle func(llm.Orphan) error) (int, error) {
	f, err := adopt(path)
	if f == nil || err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, errors.Join(err, f.Close())
	}
	p := &pass{ctx: ctx, file: f, settle: settle}
	read(f, info.Size(), p.take)
	end := f.remove
	if p.left {
		end = f.Close
	}
	return p.handed, errors.Join(append(p.errs, end())...)
}

// take hands one orphan on; false ends the pass.
func (p *pass) take(o found, err error) bool {
	if err != nil {
		p.errs = append(p.errs, err)
		p.left = p.left || !errors.Is(err, errTorn)
		return true
	}
	if err = p.ctx.Err(); err == nil {
		err = p.settle(o.orphan)
	}
	if err == nil {
		p.handed++
		err = p.file.note(o)
	}
	if err == nil {
		p.failures = 0
		return true
	}
	p.failures++
	p.left, p.errs = true, append(p.errs, err)
	return p.failures < mostFailures && p.ctx.Err() == nil
}

// note marks an orphan as handed on.
func (l *locked) note(o found) error {
	_, err := l.WriteAt(order.AppendUint32(nil, o.after), o.at)
	return err
}

// Recover is the function Recover for this journal's directory, and hands on
// the records that this process itself could not deliver.
func (j *Journal) Recover(ctx context.Context, settle func(llm.Orphan) error) (int, error) {
	sealed := j.records.seal()
	n, err := Recover(ctx, j.dir, settle)
	return n, errors.Join(sealed, err)
}

// Run recovers now and then every so often until ctx ends, which a process does
// beside its work.
func (j *Journal) Run(ctx context.Context, every time.Duration, settle func(llm.Orphan) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		n, err := j.Recover(ctx, settle)
		if err != nil && ctx.Err() == nil {
			j.log.WarnContext(ctx, "the journal was not recovered whole", "dir", j.dir, "error", err)
		}
		if n > 0 {
			j.log.InfoContext(ctx, "calls and records of an ended process were handed on", "count", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
