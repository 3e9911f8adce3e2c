package llmsim

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"math"
)

// Embed returns a vector of unit length and the given dimensions whose cosine
// grows with the words and parts of words that two texts share: feature hashing
// (Weinberger et al., 2009) of word stems, pairs of words, and trigrams of
// letters. The same text always gives the same vector. An empty text gives the
// first unit vector.
func Embed(text string, dimensions int) []float32 {
	v := make([]float64, dimensions)
	previous := ""
	for _, w := range words(text) {
		weight := 1.0
		if stopWords[w] {
			weight = 0.1
		}
		s := stem(w)
		addFeature(v, "w:"+s, weight)
		addFeature(v, "p:"+previous+" "+s, weight*0.3)
		addTrigrams(v, w, weight*0.35)
		previous = s
	}
	return unit(v)
}

func addTrigrams(v []float64, w string, weight float64) {
	r := []rune("^" + w + "$")
	each := weight / math.Sqrt(float64(len(r)))
	for i := 0; i+3 <= len(r); i++ {
		addFeature(v, "t:"+string(r[i:i+3]), each)
	}
}

// addFeature adds weight at two places that the feature's hash chooses, with
// the signs that it chooses, which halves the harm of a collision.
func addFeature(v []float64, feature string, weight float64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(feature)) // never fails
	sum := mix(h.Sum64())
	for range 2 {
		sign := weight
		if sum>>63 == 1 {
			sign = -weight
		}
		v[sum%uint64(len(v))] += sign
		sum = mix(sum + 0x9e3779b97f4a7c15)
	}
}

// mix is the finalizer of SplitMix64 (Steele et al., 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func unit(v []float64) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	out := make([]float32, len(v))
	if sum == 0 {
		out[0] = 1
		return out
	}
	n := math.Sqrt(sum)
	for i, x := range v {
		out[i] = float32(x / n)
	}
	return out
}

// base64Floats writes little-endian float32, as OpenAI's encoding_format
// "base64" has it.
func base64Floats(v []float32) string {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}
