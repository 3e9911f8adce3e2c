package nodepkg

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// most is the largest archive that is read, and the largest tree that is unpacked, in bytes.
const most = 256 << 20

// fetch gets a package's archive, compares it with the lock file's sum, and only then unpacks it.
func fetch(ctx context.Context, client *http.Client, registry string, p locked, folder string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address(registry), nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", request.URL, response.Status)
	}
	archive, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return err
	}
	sum := sha512.Sum512(archive)
	if "sha512-"+base64.StdEncoding.EncodeToString(sum[:]) != p.Integrity {
		return errors.New("the archive is not the one that the lock file names")
	}
	return unpack(bytes.NewReader(archive), folder)
}

// unpack writes the regular files of a package's archive below folder. The archive's first folder, whatever its
// name, is the package.
func unpack(archive io.Reader, folder string) error {
	plain, err := gzip.NewReader(archive)
	if err != nil {
		return err
	}
	for files := tar.NewReader(io.LimitReader(plain, most)); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		_, name, inside := strings.Cut(header.Name, "/")
		if header.Typeflag != tar.TypeReg || !inside {
			continue
		}
		if err := write(folder, name, files, header.FileInfo().Mode().Perm()|0o600); err != nil {
			return err
		}
	}
}

func write(folder, name string, from io.Reader, mode os.FileMode) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("the archive holds %q, which leads out of it", name)
	}
	path := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}
