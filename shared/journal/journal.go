package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

const (
	slotsAGrowth = 32
	mostSlots    = 4096 // 32 MiB of file; calls beyond it go without
	retryAfter   = time.Minute
)

// Journal is this process's journal. It opens its file with the first call, so
// that an idle process has none.
type Journal struct {
	dir     string
	log     *slog.Logger
	records recordFile

	mu    sync.Mutex
	file  *locked
	maps  [][]byte
	slots int // in the file
	free  []slot
	taken int
	quiet time.Time // no further try before: the directory did not work
	said  bool
}

var _ llm.Journal = (*Journal)(nil)

func slotHeader() []byte {
	h := make([]byte, headerSize)
	copy(h, magic)
	order.PutUint32(h[8:], version)
	order.PutUint32(h[12:], slotSize)
	return h
}

// New returns the journal of this process in dir, which is made when it is
// needed. An empty dir gives one that does nothing.
func New(dir string, log *slog.Logger) *Journal {
	if log == nil {
		log = slog.Default()
	}
	return &Journal{dir: dir, log: log, records: recordFile{dir: dir}}
}

// Open implements llm.Journal.
func (j *Journal) Open(a *llm.Admission, v llm.Verdict) llm.Mark {
	s, ok := j.take()
	if !ok {
		return nowhere{}
	}
	o := openingOf(a, &v)
	written := false
	err := encode(&o, func(b []byte) { written = s.begin(b) })
	if err != nil || !written {
		j.give(s)
		return nowhere{}
	}
	return &mark{j: j, slot: s}
}

// take returns a free slot; it grows the file where none is left.
func (j *Journal) take() (slot, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.free) == 0 {
		if err := j.grow(); err != nil {
			j.degrade(err)
			return slot{}, false
		}
	}
	if len(j.free) == 0 {
		return slot{}, false
	}
	last := len(j.free) - 1
	s := j.free[last]
	j.free = j.free[:last]
	j.taken++
	return s, true
}

func (j *Journal) give(s slot) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.free = append(j.free, s)
	j.taken--
}

// degrade goes on without a journal for a while; the log hears of it once.
func (j *Journal) degrade(err error) {
	j.quiet = time.Now().Add(retryAfter)
	if !j.said {
		j.said = true
		j.log.Warn("no journal: a killed process's streams are counted by their last heartbeat", "dir", j.dir, "error", err)
	}
}

// grow adds slots to the file, and makes the file first.
func (j *Journal) grow() error {
	if j.slots >= mostSlots || time.Now().Before(j.quiet) {
		return nil
	}
	if j.file == nil {
		f, err := create(j.dir, slotSuffix, slotHeader())
		if err != nil {
			return err
		}
		j.file = f
	}
	at := int64(headerSize + j.slots*slotSize)
	mem, err := mapSlots(j.file.File, at, slotsAGrowth*slotSize)
	if err != nil {
		return fmt.Errorf("map slots: %w", err)
	}
	j.maps = append(j.maps, mem)
	for i := slotsAGrowth - 1; i >= 0; i-- {
		s := slot{mem: mem[i*slotSize : (i+1)*slotSize : (i+1)*slotSize], at: at + int64(i*slotSize), file: j.file.File}
		j.free = append(j.free, s)
	}
	j.slots += slotsAGrowth
	return nil
}

// Append implements llm.Journal.
func (j *Journal) Append(records ...dcoder.UsageRecord) error { return j.records.append(records) }

// Close gives the journal's files up at the end of the process. With calls
// still open it leaves them locked: the successor settles those after the exit.
func (j *Journal) Close() error {
	err := j.records.seal()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil || j.taken > 0 {
		return err
	}
	f := j.file
	j.quiet = time.Now().Add(retryAfter)
	j.unmap()
	return errors.Join(err, f.remove())
}

// unmap lets go of the slots; the lock goes with the last of them.
func (j *Journal) unmap() {
	for _, m := range j.maps {
		_ = unmapSlots(m) // it was mapped by mapSlots
	}
	j.file, j.free, j.maps, j.slots = nil, nil, nil, 0
}
