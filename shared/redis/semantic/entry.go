package semantic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

var errEntry = errors.New("not a stored entry of this version")

const (
	entryVersion = 1
	entryHead    = 1 + 8 + 4
	mostVector   = 1 << 14
)

// appendEntry is an entry's stored form, little endian: version, group, length of
// the vector, the vector as float32, the question.
func appendEntry(b []byte, e *Entry) []byte {
	b = append(b, entryVersion)
	b = binary.LittleEndian.AppendUint64(b, e.Group)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Vector)))
	return append(appendVector(b, e.Vector), e.Question...)
}

func appendVector(b []byte, v []float32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func readVector(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

func readEntry(id string, b []byte) (n semcache.Near, err error) {
	if len(b) < entryHead || b[0] != entryVersion {
		return n, errEntry
	}
	size := int(binary.LittleEndian.Uint32(b[9:]))
	if size > mostVector || len(b) < entryHead+4*size {
		return n, errEntry
	}
	rest := b[entryHead:]
	return semcache.Near{
		ID: id, Group: binary.LittleEndian.Uint64(b[1:]), Vector: readVector(rest[:4*size]), Text: semcache.Read(string(rest[4*size:])),
	}, nil
}

func sealEntry(p *Place, e *Entry) ([]byte, error) {
	if len(e.Vector) == 0 || len(e.Vector) > mostVector || e.Group == 0 {
		return nil, fmt.Errorf("entry of %s: a vector of 1 to %d dimensions and a group are needed", p.Tenant, mostVector)
	}
	sealed, err := p.Sealer.Seal("semantic-entry/"+p.Partition, appendEntry(nil, e))
	if err != nil {
		return nil, fmt.Errorf("seal an entry: %w", err)
	}
	return sealed, nil
}

func openEntry(p *Place, id, sealed string) (semcache.Near, error) {
	plain, err := p.Sealer.Open("semantic-entry/"+p.Partition, []byte(sealed))
	if err != nil {
		return semcache.Near{}, fmt.Errorf("open an entry: %w", err)
	}
	return readEntry(id, plain)
}
