package semcache

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrObservation says that bytes are no observation of this version.
var ErrObservation = errors.New("no observation of this version")

const (
	flagProposed = 1 << iota
	flagLabelled
	flagSame
	flagHard
)

const observationHead = 1 + 1 + 8 + 4

// Append appends the observation's stored form, little endian: version, flags,
// partition, score; of labelled ones also the dense features and two counted
// lists of words.
func (o *Observation) Append(b []byte) []byte {
	flags := flag(o.Proposed, flagProposed) | flag(o.Labelled, flagLabelled) | flag(o.Same, flagSame) | flag(o.Features.Hard, flagHard)
	b = append(b, FeaturesVersion, flags)
	b = binary.LittleEndian.AppendUint64(b, o.Partition)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(o.Score)))
	if !o.Labelled {
		return b
	}
	for _, x := range o.Features.Dense {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return appendWords(appendWords(b, o.Features.Alone), o.Features.Shared)
}

func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

func appendWords(b []byte, words []uint32) []byte {
	words = firsts(words)
	b = append(b, byte(len(words)))
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// ReadObservation reads what Append wrote; ErrObservation otherwise.
func ReadObservation(b []byte) (o Observation, err error) {
	if len(b) < observationHead || b[0] != FeaturesVersion {
		return o, ErrObservation
	}
	flags := b[1]
	o.Proposed, o.Labelled, o.Same = flags&flagProposed != 0, flags&flagLabelled != 0, flags&flagSame != 0
	o.Features.Hard = flags&flagHard != 0
	o.Partition = binary.LittleEndian.Uint64(b[2:])
	o.Score = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[10:])))
	if b = b[observationHead:]; o.Labelled {
		b, err = o.Features.read(b)
	}
	if err == nil && (len(b) != 0 || !finite(o.Score)) {
		err = ErrObservation
	}
	return o, err
}

func (f *Features) read(b []byte) ([]byte, error) {
	if len(b) < 4*dense {
		return nil, ErrObservation
	}
	for i := range f.Dense {
		f.Dense[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if x := f.Dense[i]; !finite(float64(x)) || x > mostFeature || x < -mostFeature {
			return nil, ErrObservation // it would poison every weight
		}
	}
	var okA, okB bool
	b = b[4*dense:]
	f.Alone, b, okA = readWords(b)
	f.Shared, b, okB = readWords(b)
	if !okA || !okB {
		return nil, ErrObservation
	}
	return b, nil
}

const mostFeature = 1000

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func readWords(b []byte) (words []uint32, rest []byte, ok bool) {
	if len(b) == 0 || int(b[0]) > mostFeatureWords || len(b) < 1+4*int(b[0]) {
		return nil, nil, false
	}
	n := int(b[0])
	for i := range n {
		words = append(words, binary.LittleEndian.Uint32(b[1+4*i:]))
	}
	return words, b[1+4*n:], true
}
