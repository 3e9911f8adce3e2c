package main

import (
	"archive/zip"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"os"
	"time"
)

// packed is one zip.
type packed struct {
	program, size int64
	hash          string // base64 of the SHA-256, as Lambda and Terraform compare it
}

// epoch is the earliest time that a zip knows.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// writeZip writes program as bootstrap into a zip whose bytes depend on it alone.
func writeZip(path, program string) (p packed, err error) {
	raw, err := os.ReadFile(program)
	if err != nil {
		return p, err
	}
	out, err := os.Create(path)
	if err != nil {
		return p, err
	}
	sum, count := sha256.New(), &counter{}
	err = compress(io.MultiWriter(out, sum, count), raw)
	if closed := out.Close(); err == nil {
		err = closed
	}
	return packed{int64(len(raw)), count.n, base64.StdEncoding.EncodeToString(sum.Sum(nil))}, err
}

func compress(out io.Writer, program []byte) error {
	z := zip.NewWriter(out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	head := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: epoch}
	head.SetMode(0o755)
	w, err := z.CreateHeader(head)
	if err != nil {
		return err
	}
	if _, err := w.Write(program); err != nil {
		return err
	}
	return z.Close()
}

type counter struct{ n int64 }

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
