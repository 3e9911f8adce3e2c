package calls

// liteLLM are the names under which LiteLLM tells the same numbers, so that its
// dashboards go on: DCODER_METRICS_LITELLM. Labels that name keys, teams and users
// are left out; their number is not bounded. prometheus_client puts _total behind
// every counter, hence the names.
var liteLLM = []alias{
	{from: nameRequests, to: "litellm_proxy_total_requests_metric_total", labels: callLabels},
	{from: nameRequests, to: "litellm_proxy_failed_requests_metric_total", labels: callLabels, not: [2]string{"status", "2xx"}},
	{from: nameCost, to: "litellm_spend_metric_total", labels: modelLabels, scale: 1e-6},
	{from: nameTokens, to: "litellm_input_tokens_metric_total", labels: modelLabels, only: [2]string{"type", "input"}},
	{from: nameTokens, to: "litellm_output_tokens_metric_total", labels: modelLabels, only: [2]string{"type", "output"}},
	{from: nameDuration, to: "litellm_request_total_latency_metric", labels: providerLabel},
	{from: nameProvider, to: "litellm_llm_api_latency_metric", labels: providerLabel},
	{from: nameFirst, to: "litellm_llm_api_time_to_first_token_metric", labels: providerLabel},
	{from: nameOwn, to: "litellm_overhead_latency_metric", labels: map[string]string{}},
	{from: nameFailovers, to: "litellm_deployment_successful_fallbacks_total", labels: providerLabel},
	{from: nameCoolings, to: "litellm_deployment_cooled_down_total", labels: map[string]string{}},
}

var (
	callLabels    = map[string]string{"route": "route", "provider": "api_provider", "model": "model", "status": "status_code"}
	modelLabels   = map[string]string{"provider": "api_provider", "model": "model"}
	providerLabel = map[string]string{"provider": "api_provider"}
)
