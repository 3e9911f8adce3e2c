package semcache

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

// Partition is all that must be equal, exactly, before a cached answer is even
// looked at: everything of a request that shapes its answer except the last user
// message. Fields that the caller has no value for stay empty. None may hold a
// hash of the last user message: then every question would be alone.
type Partition struct {
	Tenant    string // the key of the store begins with it
	Scope     string // application or virtual key
	User      string // only when the answer is personal
	Provider  string
	Model     string
	Shape     string // protocol of the client
	System    string // system prompt and developer messages
	Tools     string
	Format    string // response format and schema
	Heat      string // class of the temperature, see HeatClass
	Seed      string
	Output    string // class of max_tokens, see OutputClass
	History   string // the turns before the last user message
	Knowledge string // version of the corpus and ids of the retrieved chunks
	Locale    string
	Embedder  string // name and dimension
	Shortener string // version of the compressor
	Other     string // every further field that can change an answer, canonical
}

// Key is the fingerprint. It does not contain the tenant, which stands before it
// in every key.
func (p *Partition) Key() string {
	h := sha256.New()
	var size [8]byte
	for _, field := range [...]string{
		"1", p.Tenant, p.Scope, p.User, p.Provider, p.Model, p.Shape, p.System, p.Tools, p.Format, p.Heat, p.Seed, p.Output,
		p.History, p.Knowledge, p.Locale, p.Embedder, p.Shortener, p.Other,
	} {
		binary.LittleEndian.PutUint64(size[:], uint64(len(field))) // so that no two lists of fields run together
		h.Write(size[:])
		h.Write([]byte(field))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Number is the key as evidence names it.
func (p *Partition) Number() uint64 { return PartitionNumber(p.Key()) }

// PartitionNumber makes the number of a key.
func PartitionNumber(key string) uint64 {
	sum := sha256.Sum256([]byte(key))
	return binary.LittleEndian.Uint64(sum[:])
}

// EmbedderName names an embedder with its dimension.
func EmbedderName(model string, dimension int) string { return model + "/" + strconv.Itoa(dimension) }

// HeatClass is the class of a temperature: answers of the same class may stand
// for each other. An absent one is the provider's default.
func HeatClass(temperature *float64) string {
	switch {
	case temperature == nil:
		return "default"
	case *temperature <= mostHeat:
		return "cold"
	default:
		return strconv.FormatFloat(*temperature, 'g', -1, 64)
	}
}

// OutputClass is the class of a limit on the answer's length, by powers of two:
// an answer that was given under another class may be longer than allowed.
func OutputClass(most *int64) string {
	if most == nil {
		return "default"
	}
	n := 0
	for x := *most; x > 1; x >>= 1 {
		n++
	}
	return strconv.Itoa(n)
}
