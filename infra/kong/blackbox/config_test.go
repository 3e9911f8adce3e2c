package blackbox

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAConfigurationWithFaultsChangesNothing and says what is wrong.
func TestAConfigurationWithFaultsChangesNothing(t *testing.T) {
	s := start(t)
	for _, raw := range []string{
		`{"_format_version":"3.0","services":[{"name":"a","url":"http://a","routes":[{"name":"r","paths":["~/("]}]}]}`,
		`{"_format_version":"3.0","plugins":[{"name":"no-such-plugin"}]}`,
		`{"_format_version":"3.0","plugins":[{"name":"rate-limiting","config":{"minute":1,"limit_by":"mood"}}]}`,
		`{"_format_version":"3.0","plugins":[{"name":"correlation-id","config":{"headername":"X"}}]}`,
		`{"_format_version":"3.0","service":[]}`,
	} {
		r, err := http.Post(s.admin+"/config", "application/json", strings.NewReader(raw))
		require.NoError(t, err)
		_ = r.Body.Close()
		require.Equal(t, http.StatusBadRequest, r.StatusCode, raw)
		answer, _ := s.ask("GET", "/v1/models", nil)
		require.Equal(t, http.StatusOK, answer.StatusCode)
	}
}

// TestStreamsOutliveANewConfiguration.
func TestStreamsOutliveANewConfiguration(t *testing.T) {
	s := start(t)
	next := make(chan struct{})
	s.answers(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-next
		_, _ = io.WriteString(w, "data: 2\n\n")
	})
	r, err := http.Post(s.proxy+completions, "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	defer func() { _ = r.Body.Close() }()
	first, err := bufio.NewReader(r.Body).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "data: 1\n", first)
	s.config.Services = s.config.Services[1:]
	s.apply()
	answer, _ := s.ask("GET", "/v1/models", nil)
	require.Equal(t, http.StatusNotFound, answer.StatusCode, "chat is gone for who comes now")
	close(next)
	rest, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(string(rest), "data: 2\n\n"))
}
