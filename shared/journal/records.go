package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// A record file is a header of 8 bytes and then frames:
//
//	4  length   4  CRC-32C of the JSON   4  0, or 1 once it was handed on   JSON of one record
const (
	recordMagic = "DCJREC\x01\n"
	frameHead   = 12
	atHandedOn  = 8
	mostRecords = 24 << 20 // bytes of one process's file: with all slots less than the 64 MB that a pod has at /dev/shm
	mostFrame   = 1 << 20
)

// recordFile is this process's file of records, made with the first one.
type recordFile struct {
	dir  string
	mu   sync.Mutex
	file *locked
	size int64
}

var errFull = errors.New("the journal's record file is full")

// append writes the records in one piece and waits for the disk: nothing else
// holds them.
func (r *recordFile) append(records []dcoder.UsageRecord) error {
	var frames []byte
	for i := range records {
		b, err := json.Marshal(&records[i])
		if err != nil {
			return fmt.Errorf("encode record %s: %w", records[i].ID, err)
		}
		frames = appendFrame(frames, b)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.size+int64(len(frames)) > mostRecords {
		return errFull
	}
	if r.file == nil {
		f, err := create(r.dir, recordSuffix, []byte(recordMagic))
		if err != nil {
			return fmt.Errorf("%w: %w", llm.ErrNoJournal, err)
		}
		r.file, r.size = f, int64(len(recordMagic))
	}
	return r.write(frames)
}

// write puts the frames at the end; a failed one is written over by the next.
func (r *recordFile) write(frames []byte) error {
	if _, err := r.file.WriteAt(frames, r.size); err != nil {
		return errors.Join(fmt.Errorf("append records: %w", err), r.file.Truncate(r.size))
	}
	if err := r.file.Sync(); err != nil {
		return fmt.Errorf("sync records: %w", err)
	}
	r.size += int64(len(frames))
	return nil
}

func appendFrame(b, json []byte) []byte {
	b = order.AppendUint32(b, uint32(len(json)))
	b = order.AppendUint32(b, sum(json))
	b = order.AppendUint32(b, 0)
	return append(b, json...)
}

// seal gives the file up to whoever recovers; the next record begins another.
func (r *recordFile) seal() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file, r.size = nil, 0
	return f.Close()
}
