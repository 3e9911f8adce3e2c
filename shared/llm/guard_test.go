package llm

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// reached is a model that notes that it was asked, and by what.
type reached struct{ body string }

func (r *reached) Complete(_ context.Context, req *Request) (*Reply, error) {
	r.body = string(req.Doc.Raw)
	return &Reply{}, nil
}

// guardedCallOf is a call that was looked at under a policy that alerts.
func guardedCallOf(t *testing.T) *Request {
	body := `{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"AKIA7Q3ZLM2XNCB4TWRD"}]}`
	req := &Request{Kind: Chat, Principal: &dcoder.Principal{Tenant: "t"}, Snapshot: &dcoder.Snapshot{}}
	req.Body = NewBuffer(len(body))
	req.Body.B = append(req.Body.B, body...)
	require.NoError(t, req.Parse(req.Body.B))
	require.NoError(t, guarded{Coats: &Coats{}}.inspect(t.Context(), req))
	return req
}

func TestAPolicyThatAdmissionMetHoldsForThisCall(t *testing.T) {
	for mode, want := range map[dcoder.GuardMode]string{dcoder.GuardOff: "AKIA7Q3ZLM2XNCB4TWRD", dcoder.GuardMask: "[masked:aws_access_key]", dcoder.GuardBlock: ""} {
		req, model := guardedCallOf(t), &reached{}
		req.Snapshot = &dcoder.Snapshot{Guard: dcoder.GuardPolicy{Secrets: mode}}
		_, err := reguarded{model, &Coats{}}.Complete(t.Context(), req)
		if want == "" {
			require.Equal(t, "guardrail_blocked", dcoder.AsError(err).Code)
			require.Empty(t, model.body)
			continue
		}
		require.NoError(t, err)
		require.JSONEq(t, fmt.Sprintf(`{"model":"m","max_tokens":5,"messages":[{"role":"user","content":%q}]}`, want), model.body)
		require.Equal(t, int64(5), req.MaxTokens)
		require.Contains(t, string(req.sent()), "AKIA7Q3ZLM2XNCB4TWRD", "what a repetition is known by")
		req.Close()
	}
}

func TestTheSameSnapshotIsNotReadTwice(t *testing.T) {
	req, model := guardedCallOf(t), &reached{}
	req.Snapshot.Guard.Secrets = dcoder.GuardBlock // in place: only another snapshot is another policy
	_, err := reguarded{model, &Coats{}}.Complete(t.Context(), req)
	require.NoError(t, err)
}
