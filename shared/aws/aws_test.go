package aws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/lambda/awssim"
	"github.com/d-coder-ai/dcoder/shared/aws"
	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
)

func serve(t *testing.T, sim *awssim.Server) (aws.Config, string) {
	t.Helper()
	s := httptest.NewServer(sim)
	t.Cleanup(s.Close)
	return aws.Config{Region: "eu-central-1", Endpoint: s.URL, Credentials: sdk.CredentialsProviderFunc(
		func(context.Context) (sdk.Credentials, error) {
			return sdk.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		},
	)}, s.URL
}

func event(id, kind string, size int) dcoder.Envelope {
	data, _ := json.Marshal(map[string]string{"text": strings.Repeat("x", size)})
	return dcoder.Envelope{ID: id, Source: "/chat", Type: kind, Tenant: "acme00000000", Time: time.Unix(1, 0).UTC(), Data: data}
}

func bodies(messages []awssim.Message) (ids []string) {
	for _, m := range messages {
		e, err := cehttp.Unmarshal([]byte(m.Body))
		if err != nil {
			return append(ids, err.Error())
		}
		ids = append(ids, e.ID)
	}
	return ids
}

func TestEachEventReachesTheQueuesOfThoseWhoHearIt(t *testing.T) {
	sim := &awssim.Server{}
	c, url := serve(t, sim)
	routes, err := aws.ParseRoutes("usage.recorded=" + url + "/q/usage, usage.recorded=" + url + "/q/copy,budget.reached=" + url + "/q/quota")
	require.NoError(t, err)
	events := []dcoder.Envelope{event("b", "budget.reached", 1), event("n", "nobody.hears", 1)}
	var want []string
	for i := range 23 { // three calls of ten
		want = append(want, fmt.Sprint(i))
		events = append(events, event(want[i], "usage.recorded", 1))
	}
	require.NoError(t, aws.NewQueues(c, routes).Publish(t.Context(), events...))
	require.Equal(t, want, bodies(sim.Queue("usage")))
	require.Equal(t, want, bodies(sim.Queue("copy")))
	require.Equal(t, []string{"b"}, bodies(sim.Queue("quota")))
}

func TestBatchesStayBelowTheLimitInBytes(t *testing.T) {
	sim := &awssim.Server{}
	c, url := serve(t, sim)
	var events []dcoder.Envelope
	for i := range 5 {
		events = append(events, event(fmt.Sprint(i), "usage.recorded", 100<<10))
	}
	require.NoError(t, aws.NewQueues(c, aws.Routes{"usage.recorded": {url + "/q/usage"}}).Publish(t.Context(), events...))
	require.Len(t, sim.Queue("usage"), 5)
	require.Equal(t, 3, sim.Calls("AmazonSQS.SendMessageBatch"))
	err := aws.NewQueues(c, aws.Routes{}).Publish(t.Context(), event("1", "usage.recorded", 300<<10))
	require.Equal(t, 413, dcoder.AsError(err).Status)
}

func TestPublishFailsWhenOneEventIsNotHeld(t *testing.T) {
	for _, c := range []struct {
		name string
		sim  *awssim.Server
		down int
		good bool
	}{
		{"one call in ten fails, and is tried again", &awssim.Server{}, 1, true},
		{"the service is away", &awssim.Server{}, 1000, false},
		{"a part of the batch is refused", &awssim.Server{Refuse: func(_, body string) bool { return strings.Contains(body, `"id":"2"`) }}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, url := serve(t, c.sim)
			for _, p := range []dcoder.Publisher{aws.NewQueues(config, aws.Routes{"usage.recorded": {url + "/q/usage"}}), aws.NewBus(config, "dcoder")} {
				c.sim.Fail(c.down)
				err := p.Publish(t.Context(), event("1", "usage.recorded", 1), event("2", "usage.recorded", 1))
				require.Equal(t, c.good, err == nil, "%T: %v", p, err)
				if err != nil {
					require.Equal(t, 503, dcoder.AsError(err).Status)
				}
			}
		})
	}
}

func TestTheBusCarriesTheWholeEvent(t *testing.T) {
	sim := &awssim.Server{Rules: map[string][]string{"usage.recorded": {"usage"}}}
	c, _ := serve(t, sim)
	sent := event("1", "usage.recorded", 10)
	sent.Data = json.RawMessage(`{"text":"` + "\uffff" + `"}`)
	require.NoError(t, aws.NewBus(c, "dcoder").Publish(t.Context(), sent, event("2", "other.kind", 1)))
	held := sim.Queue("usage")
	require.Len(t, held, 1)
	var bus struct {
		Source     string
		DetailType string `json:"detail-type"`
		Detail     json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(held[0].Body), &bus))
	require.Equal(t, "dcoder.chat", bus.Source)
	require.Equal(t, "usage.recorded", bus.DetailType)
	require.NotContains(t, held[0].Body, "\uffff", "SQS refuses it raw")
	got, err := cehttp.Unmarshal(bus.Detail)
	require.NoError(t, err)
	require.JSONEq(t, string(sent.Data), string(got.Data))
	got.Data = sent.Data
	require.Equal(t, sent, got)
}

func TestALetterSaysWhy(t *testing.T) {
	sim := &awssim.Server{}
	c, url := serve(t, sim)
	require.NoError(t, aws.NewLetters(c, url+"/q/dead").Bury(t.Context(), "as it came", "usage", dispatch.Reason{Status: 422, Code: "undecodable_event", Failures: 2}))
	letter := sim.Queue("dead")[0]
	require.Equal(t, "as it came", letter.Body)
	require.Equal(t, map[string]string{"DcoderFunction": "usage", "DcoderCode": "undecodable_event", "DcoderStatus": "422", "DcoderFailures": "2"}, letter.Attributes)
}

func TestSecrets(t *testing.T) {
	sim := &awssim.Server{Secrets: map[string]string{
		"one": `{"DCODER_KEK":"k","DCODER_REDIS_URL":"old"}`, "two": `{"DCODER_REDIS_URL":"new"}`,
		"foreign": `{"PATH":"x-y-z"}`, "text": `x-y-z`, "nested": `{"DCODER_KEK":{"x-y-z":1}}`,
	}}
	c, _ := serve(t, sim)
	got, err := aws.Secrets(t.Context(), c, "one", "two")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"DCODER_KEK": "k", "DCODER_REDIS_URL": "new"}, got)
	for id, want := range map[string]string{"foreign": `"PATH"`, "text": "not a JSON object", "nested": "not a JSON object", "absent": "absent"} {
		_, err := aws.Secrets(t.Context(), c, id)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "x-y-z")
	}
}

func TestParseRoutesNamesTheFault(t *testing.T) {
	_, err := aws.ParseRoutes("usage.recorded=usage")
	require.ErrorContains(t, err, "usage.recorded=usage")
}
