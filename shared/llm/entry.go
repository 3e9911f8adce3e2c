package llm

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// entry is an answer that is kept: as a whole body in the shape that it was asked
// in, for streams too.
type entry struct {
	Asked   time.Time     `json:"a"` // when, by the ledger's clock
	Tokens  dcoder.Tokens `json:"t"` // what it took
	Tier    string        `json:"s,omitempty"`
	Labels  []string      `json:"l"` // by which it may be declared void
	Dropped []string      `json:"d,omitempty"`

	body []byte
}

const (
	entryVersion = 1

	// mostShelved is the largest answer that is kept, bytes before it is sealed: it
	// is fetched in a flush that it shares with other calls.
	mostShelved = 256 << 10
)

var errEntry = errors.New("a cached answer cannot be read")

// seal writes an entry so that only its tenant's calls of its key can read it.
func (e *entry) seal(ctx context.Context, s Sealer, tenant, key string) ([]byte, error) {
	head, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 3+len(head)+len(e.body))
	out = binary.BigEndian.AppendUint16(append(out, entryVersion), uint16(len(head))) //nolint:gosec // labels and names are bounded
	return s.Seal(ctx, tenant, entryObject(key), append(append(out, head...), e.body...))
}

func openEntry(ctx context.Context, s Sealer, tenant, key string, sealed []byte) (*entry, error) {
	plain, err := s.Open(ctx, tenant, entryObject(key), sealed)
	if err != nil {
		return nil, err
	}
	if len(plain) < 3 || plain[0] != entryVersion {
		return nil, errEntry
	}
	n := 3 + int(binary.BigEndian.Uint16(plain[1:]))
	if len(plain) < n {
		return nil, errEntry
	}
	var e entry
	if err := json.Unmarshal(plain[3:n], &e); err != nil {
		return nil, err
	}
	e.body = plain[n:]
	return &e, nil
}

func entryObject(key string) string { return "cache/" + key }
