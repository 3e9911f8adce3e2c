package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"sync"
	"unsafe"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

// Peppers are the keys under which secrets are hashed. The current one hashes
// what is new; the others still prove what was hashed before they were replaced.
// A pepper is known by an id, so that one can follow another without downtime:
// add it everywhere, make it current, let use rekey, remove the old one.
type Peppers struct {
	current string
	keys    map[string][]byte
	ids     []string              // sorted, the current one first
	macs    map[string]*sync.Pool // of hash.Hash keyed with the pepper: keying one costs more than its use
}

const pepperLength = 32

type peppersJSON struct {
	Current string            `json:"current"`
	Keys    map[string][]byte `json:"keys"` // base64
}

// ParsePeppers reads {"current":"p1","keys":{"p1":"<base64, 32 bytes>"}}, the
// value of DCODER_PEPPERS. Its errors never quote the text.
func ParsePeppers(text string) (*Peppers, error) {
	var in peppersJSON
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return nil, errors.New(`the peppers are not JSON of the form {"current":"p1","keys":{"p1":"<base64>"}}`)
	}
	if _, ok := in.Keys[in.Current]; !ok {
		return nil, errors.New("the current pepper is not among the keys")
	}
	p := &Peppers{current: in.Current, keys: in.Keys, macs: make(map[string]*sync.Pool, len(in.Keys))}
	for id, key := range in.Keys {
		if len(key) != pepperLength {
			return nil, fmt.Errorf("pepper %q is not %d bytes in base64", id, pepperLength)
		}
		p.macs[id] = &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}
		if id != in.Current {
			p.ids = append(p.ids, id)
		}
	}
	slices.Sort(p.ids)
	p.ids = slices.Insert(p.ids, 0, in.Current)
	return p, nil
}

// NewPeppers returns peppers with one fresh pepper, as JSON.
func NewPeppers() (string, error) {
	return writePeppers(peppersJSON{"p1", map[string][]byte{"p1": newPepper()}})
}

// AddPepper returns the peppers with a fresh one that proves but does not hash
// yet: the first step of a rotation.
func AddPepper(text string) (string, error) {
	return changePeppers(text, func(p *peppersJSON) error {
		next := 1
		for p.Keys["p"+strconv.Itoa(next)] != nil {
			next++
		}
		p.Keys["p"+strconv.Itoa(next)] = newPepper()
		return nil
	})
}

// PromotePepper makes a pepper the current one: the second step.
func PromotePepper(text, id string) (string, error) {
	return changePeppers(text, func(p *peppersJSON) error {
		if p.Keys[id] == nil {
			return fmt.Errorf("there is no pepper %q", id)
		}
		p.Current = id
		return nil
	})
}

// RemovePepper forgets a pepper: the last step. Keys that are still hashed under
// it are refused from then on.
func RemovePepper(text, id string) (string, error) {
	return changePeppers(text, func(p *peppersJSON) error {
		if p.Current == id {
			return fmt.Errorf("pepper %q is the current one", id)
		}
		if p.Keys[id] == nil {
			return fmt.Errorf("there is no pepper %q", id)
		}
		delete(p.Keys, id)
		return nil
	})
}

func changePeppers(text string, change func(*peppersJSON) error) (string, error) {
	if _, err := ParsePeppers(text); err != nil {
		return "", err
	}
	var p peppersJSON
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return "", errors.New("the peppers are not JSON")
	}
	if err := change(&p); err != nil {
		return "", err
	}
	return writePeppers(p)
}

func writePeppers(p peppersJSON) (string, error) {
	out, err := json.Marshal(p)
	return string(out), err
}

func newPepper() []byte {
	b := make([]byte, pepperLength)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return b
}

// IDs lists the peppers' ids, the current one first.
func (p *Peppers) IDs() []string { return slices.Clone(p.ids) }

// Issue makes a new virtual key and what is stored of it.
func (p *Peppers) Issue(tenant, id string) (virtualkey.Key, dcoder.HashedKey) {
	k := virtualkey.New(tenant, id)
	return k, dcoder.HashedKey{ID: id, Hash: p.hash(p.current, k.Text), PepperID: p.current}
}

// hash is HMAC-SHA256 (RFC 2104) of the whole key.
func (p *Peppers) hash(pepper, text string) []byte {
	h := p.macs[pepper].Get().(hash.Hash) //nolint:forcetypeassert // of our own pool
	defer p.macs[pepper].Put(h)
	h.Reset()
	h.Write(unsafe.Slice(unsafe.StringData(text), len(text))) // Write keeps and changes nothing
	return h.Sum(make([]byte, 0, sha256.Size))
}

// proof is a presented key, hashed under every pepper, so that every credential
// takes the same work whatever it was hashed under.
type proof []hashed

type hashed struct {
	pepper string
	hash   []byte
}

func (p *Peppers) prove(text string) proof {
	out := make(proof, len(p.ids))
	for i, id := range p.ids {
		out[i] = hashed{id, p.hash(id, text)}
	}
	return out
}

// of reports whether the key is the one that was hashed under a pepper.
func (p proof) of(pepper string, hash []byte) bool {
	found := false
	for _, mine := range p {
		found = hmac.Equal(mine.hash, hash) && mine.pepper == pepper || found
	}
	return found
}

// ofAny is of for a hash whose pepper is not recorded.
func (p proof) ofAny(hash []byte) bool {
	found := false
	for _, mine := range p {
		found = hmac.Equal(mine.hash, hash) || found
	}
	return found
}

// under returns the hash under a pepper.
func (p proof) under(pepper string) []byte {
	for _, mine := range p {
		if mine.pepper == pepper {
			return mine.hash
		}
	}
	return nil
}
