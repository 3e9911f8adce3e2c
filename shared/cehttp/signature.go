package cehttp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HeaderSignature carries "t=<unix seconds>,v1=<hex HMAC-SHA256>".
const HeaderSignature = "X-Dcoder-Signature"

// Window is how far a signature's time may be from the reader's clock, either
// way. A delivery is signed anew at every try, so it need not outlive a back-off.
const Window = 5 * time.Minute

// Reasons why a delivery is not the dispatcher's.
var (
	ErrUnsigned  = errors.New("the delivery carries no signature")
	ErrSignature = errors.New("the delivery's signature is not ours")
	ErrStale     = errors.New("the delivery's signature is too old or from the future")
)

// signed are the attributes under the signature, with the form, the time of
// signing and the body's hash. The trace parent is left out: whoever carries the
// event may continue the trace.
var signed = []string{
	prefix + "source", prefix + "id", prefix + "type", prefix + "tenantid", prefix + "time",
	prefix + "platformid", prefix + "correlationid", prefix + "actor",
}

// Sign sets HeaderSignature on h, which already has the event's headers.
func Sign(h http.Header, body []byte, secret string, now time.Time) {
	t := strconv.FormatInt(now.Unix(), 10)
	h.Set(HeaderSignature, "t="+t+",v1="+hex.EncodeToString(digest(h, body, secret, t)))
}

// Verify reports whether one of the secrets signed the delivery within Window
// of now. It takes the same time for every wrong signature.
func Verify(h http.Header, body []byte, secrets []string, now time.Time) error {
	t, mac, err := parseSignature(h.Get(HeaderSignature))
	if err != nil {
		return err
	}
	good := 0
	for _, secret := range secrets {
		if secret != "" && hmac.Equal(mac, digest(h, body, secret, t)) {
			good++
		}
	}
	if good == 0 {
		return ErrSignature
	}
	at, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return ErrSignature
	}
	if age := now.Unix() - at; age > int64(Window/time.Second) || age < -int64(Window/time.Second) {
		return ErrStale
	}
	return nil
}

func parseSignature(value string) (t string, mac []byte, err error) {
	if value == "" {
		return "", nil, ErrUnsigned
	}
	at, sum, ok := strings.Cut(value, ",")
	t, isTime := strings.CutPrefix(at, "t=")
	sum, isSum := strings.CutPrefix(sum, "v1=")
	if !ok || !isTime || !isSum {
		return "", nil, ErrSignature
	}
	mac, err = hex.DecodeString(sum)
	if err != nil || len(mac) != sha256.Size {
		return "", nil, ErrSignature
	}
	return t, mac, nil
}

// digest is the HMAC of lines that cannot run into each other: every part is
// preceded by its length.
func digest(h http.Header, body []byte, secret, t string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	part(mac, "dcoder-event-v1")
	part(mac, t)
	part(mac, h.Get("Content-Type"))
	for _, name := range signed {
		part(mac, h.Get(name))
	}
	sum := sha256.Sum256(body)
	mac.Write(sum[:])
	return mac.Sum(nil)
}

func part(mac hash.Hash, s string) {
	_, _ = io.WriteString(mac, strconv.Itoa(len(s))+":"+s) // a hash never fails to write
}
