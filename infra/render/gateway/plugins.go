package gateway

import (
	_ "embed"
	"net/http"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
)

type object = map[string]any

//go:embed tenant.lua
var nameTenant string

// Stripped are the headers that no client may set, by exact names: Kong knows no
// patterns. The functions drop ce-*, k-* and x-consumer-* besides.
var Stripped = []string{
	"x-consumer-id", "x-consumer-username", "x-consumer-custom-id", "x-consumer-groups", "x-credential-identifier", "x-anonymous-consumer",
	"knative-serving-tag", "knative-serving-default-route", "knative-serving-namespace", "knative-serving-revision",
	"k-network-hash", "k-network-probe", "k-proxy-request", "k-passthrough-lb", "k-original-host",
	"ce-id", "ce-source", "ce-type", "ce-specversion", "ce-time", "ce-subject", "ce-dataschema", "ce-datacontenttype",
	"ce-tenantid", "ce-platformid", "ce-correlationid", "ce-actor", "ce-traceparent", "ce-tracestate",
	"x-dcoder-signature", "x-dcoder-function",
}

// everywhere is done to every request.
func everywhere(e *kubernetes.Environment) []declarative.Plugin {
	return []declarative.Plugin{
		declarative.Set("pre-function", object{"access": []string{nameTenant}}),
		declarative.Set("correlation-id", object{"header_name": "X-Request-Id", "generator": "uuid", "echo_downstream": true}),
		declarative.Set("request-transformer", object{"remove": object{"headers": Stripped}}),
		declarative.Set("opentelemetry", object{
			"traces_endpoint": e.Gateway.Collector + "/v1/traces", "sampling_rate": 0.1,
			"resource_attributes": object{"service.name": "kong", "deployment.environment.name": e.Name},
			"propagation":         object{"extract": []string{"w3c"}, "inject": []string{"w3c"}, "default_format": "w3c"},
		}),
		declarative.Set("prometheus", object{"status_code_metrics": true, "latency_metrics": true}),
	}
}

// rateLimit is coarse: it keeps a flood away. A tenant that Kong knows has its own
// count, all else counts by address. Without Redis everything passes: exact limits
// are the ledger's.
func rateLimit(minute int, e *kubernetes.Environment) declarative.Plugin {
	r := e.Gateway.Redis
	redis := object{"host": r.Host, "port": r.Port, "ssl": r.TLS, "ssl_verify": r.TLS, "timeout": 500}
	if r.Auth {
		redis["password"] = "{vault://env/coarse-limit-redis-password}"
	}
	return declarative.Set("rate-limiting", object{
		"minute": minute, "limit_by": "consumer", "policy": "redis", "redis": redis, "fault_tolerant": true,
		"error_code": http.StatusTooManyRequests, "error_message": "too many requests in this minute; try again later",
	})
}

func sizeLimit(megabytes int64) declarative.Plugin {
	return declarative.Set("request-size-limiting", object{
		"allowed_payload_size": megabytes, "size_unit": "megabytes", "require_content_length": false,
	})
}

// unknown answers whatever no function has, in the platform's own shape.
func unknown() declarative.Route {
	return declarative.Route{
		Name: "unknown", Paths: []string{"/"}, StripPath: new(false),
		Plugins: []declarative.Plugin{declarative.Set("request-termination", object{
			"status_code": http.StatusNotFound, "content_type": "application/json",
			"body": `{"error":{"code":"unknown_route","message":"no such route; /openapi.json lists them"}}`,
		})},
	}
}
