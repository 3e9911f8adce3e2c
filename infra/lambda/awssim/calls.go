package awssim

import (
	"encoding/json"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

type attribute struct{ StringValue string }

func plain(in map[string]attribute) map[string]string {
	out := map[string]string{}
	for name, a := range in {
		out[name] = a.StringValue
	}
	return out
}

func (s *Server) send(w http.ResponseWriter, raw []byte) {
	var in struct {
		QueueURL    string `json:"QueueUrl"`
		MessageBody string
		Attributes  map[string]attribute `json:"MessageAttributes"`
	}
	if json.Unmarshal(raw, &in) != nil || len(in.MessageBody) > s.most() {
		fault(w, http.StatusBadRequest, "InvalidParameterValue")
		return
	}
	m := s.add(nameOf(in.QueueURL), in.MessageBody, plain(in.Attributes))
	answer(w, map[string]string{"MessageId": m.ID, "MD5OfMessageBody": sum(m.Body)})
}

func (s *Server) sendBatch(w http.ResponseWriter, raw []byte) {
	var in struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []struct{ ID, MessageBody string }
	}
	size := 0
	err := json.Unmarshal(raw, &in)
	for _, e := range in.Entries {
		size += len(e.MessageBody)
	}
	if err != nil || len(in.Entries) == 0 || len(in.Entries) > 10 || size > s.most() {
		fault(w, http.StatusBadRequest, "BatchRequestTooLong")
		return
	}
	good, bad := []map[string]string{}, []map[string]any{}
	for _, e := range in.Entries {
		if s.Refuse != nil && s.Refuse("sqs", e.MessageBody) {
			bad = append(bad, map[string]any{"Id": e.ID, "SenderFault": false, "Code": "InternalError", "Message": "refused"})
			continue
		}
		m := s.add(nameOf(in.QueueURL), e.MessageBody, nil)
		good = append(good, map[string]string{"Id": e.ID, "MessageId": m.ID, "MD5OfMessageBody": sum(m.Body)})
	}
	answer(w, map[string]any{"Successful": good, "Failed": bad})
}

// put puts events on the bus, whose rules hand them to queues as EventBridge
// writes them.
func (s *Server) put(w http.ResponseWriter, raw []byte) {
	var in struct {
		Entries []struct {
			EventBusName, Source, DetailType, Detail string
			Time                                     float64
		}
	}
	if json.Unmarshal(raw, &in) != nil || len(in.Entries) == 0 || len(in.Entries) > 10 {
		fault(w, http.StatusBadRequest, "ValidationException")
		return
	}
	failed := 0
	out := []map[string]string{}
	for _, e := range in.Entries {
		if !json.Valid([]byte(e.Detail)) || s.Refuse != nil && s.Refuse("bus", e.Detail) {
			failed++
			out = append(out, map[string]string{"ErrorCode": "InternalFailure", "ErrorMessage": "refused"})
			continue
		}
		id := dcoder.NewID()
		body, _ := json.Marshal(map[string]any{
			"version": "0", "id": id, "source": e.Source, "detail-type": e.DetailType, "account": "123456789012",
			"time": "2026-11-22T00:00:00Z", "region": "eu-central-1", "resources": []string{}, "detail": json.RawMessage(e.Detail),
		})
		for _, name := range s.Rules[e.DetailType] {
			s.add(name, string(body), nil)
		}
		out = append(out, map[string]string{"EventId": id})
	}
	answer(w, map[string]any{"FailedEntryCount": failed, "Entries": out})
}

func (s *Server) secret(w http.ResponseWriter, raw []byte) {
	var in struct {
		SecretID string `json:"SecretId"`
	}
	if json.Unmarshal(raw, &in) != nil || s.Secrets[in.SecretID] == "" {
		fault(w, http.StatusBadRequest, "ResourceNotFoundException")
		return
	}
	answer(w, map[string]string{"Name": in.SecretID, "SecretString": s.Secrets[in.SecretID], "VersionId": "1"})
}
