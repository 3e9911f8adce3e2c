package google

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// Address returns the URL of a method of a candidate's model: the credential's
// base URL, with path for one that has none, then "/{collection}/{model}:{method}".
// A model's name that could lead elsewhere is refused before any URL is built.
func Address(c *llm.Candidate, path, collection, method string) (*url.URL, error) {
	if err := CheckModel(c.Model); err != nil {
		return nil, err
	}
	u, err := root(c.Grant.BaseURL, path)
	if err != nil {
		return nil, err
	}
	u.Path += "/" + collection + "/" + c.Model + ":" + method
	return u, nil
}

// root reads a base URL, with path for one that has none.
func root(text, path string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" {
		return nil, Misconfigured("the base URL of the provider's credential is not an http(s) address")
	}
	base := strings.TrimRight(u.Path, "/")
	if base == "" {
		base = path
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: base}, nil
}

// Misconfigured is a credential that cannot work.
func Misconfigured(message string) *dcoder.Error {
	return &dcoder.Error{Status: http.StatusBadGateway, Code: "provider_misconfigured", NoRetry: true, Message: message}
}

// CheckModel takes plain model names only: no paths, no resource names, no
// escapes.
func CheckModel(name string) error {
	if name == "" || len(name) > 128 || strings.Contains(name, "..") || strings.HasPrefix(name, ".") || strings.ContainsFunc(name, notOfNames) {
		return dcoder.Invalid("model", "a model of Google's is named as gemini-2.5-flash is: letters, digits and . _ @ -")
	}
	return nil
}

func notOfNames(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("._@-", r)
}
