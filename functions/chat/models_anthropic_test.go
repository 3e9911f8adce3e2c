package chat_test

import (
	"net/http"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

func TestModelsInAnthropicsShapeForItsClients(t *testing.T) {
	b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) { s.Models = []string{"gpt-4o*", "fast"} }})
	client := anthropic.NewClient(option.WithBaseURL(b.URL), option.WithAPIKey("dck_test"), option.WithMaxRetries(0))
	page, err := client.Models.List(t.Context(), anthropic.ModelListParams{})
	require.NoError(t, err)
	require.False(t, page.HasMore)
	var all []string
	for _, m := range page.Data {
		require.Equal(t, "model", string(m.Type))
		require.Equal(t, m.ID, m.DisplayName)
		require.False(t, m.CreatedAt.IsZero())
		all = append(all, m.ID)
	}
	require.Contains(t, all, "fast")
	require.Contains(t, all, "gpt-4o")
	require.Equal(t, all[0], page.FirstID)
	require.Equal(t, all[len(all)-1], page.LastID)

	var paged []string
	for pages := client.Models.ListAutoPaging(t.Context(), anthropic.ModelListParams{Limit: anthropic.Int(2)}); pages.Next(); {
		paged = append(paged, pages.Current().ID)
	}
	require.Equal(t, all, paged, "pages of two, one after another, are the list")
	before, err := client.Models.List(t.Context(), anthropic.ModelListParams{BeforeID: anthropic.String(all[3]), Limit: anthropic.Int(2)})
	require.NoError(t, err)
	require.Equal(t, all[1], before.Data[0].ID)
	require.Equal(t, all[2], before.Data[1].ID)
	require.True(t, before.HasMore)

	one, err := client.Models.Get(t.Context(), "gpt-4o", anthropic.ModelGetParams{})
	require.NoError(t, err)
	require.Equal(t, "gpt-4o", one.ID)
	_, err = client.Models.List(t.Context(), anthropic.ModelListParams{Limit: anthropic.Int(0)})
	var refused *anthropic.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusBadRequest, refused.StatusCode)
}
