package dcoder

// AliasRepointed says that a name of models stands for others from now on.
type AliasRepointed struct {
	Alias    string   `json:"alias"`
	Targets  []Target `json:"targets"`
	Strategy Strategy `json:"strategy"`
	Before   []Target `json:"before,omitempty"`
}

// EventType implements EventData.
func (AliasRepointed) EventType() string { return "alias.repointed" }

// FailoverTriggered says that a call which failed before any content goes to
// another provider or model.
type FailoverTriggered struct {
	Call   string `json:"call"` // the gateway's own id of the try that begins
	Model  string `json:"model"`
	From   Target `json:"from"`
	To     Target `json:"to"`
	Reason string `json:"reason"` // code of the failure
}

// EventType implements EventData.
func (FailoverTriggered) EventType() string { return "provider.failover.triggered" }

// FailoverCompleted says how a failover began to answer, or that it did not.
type FailoverCompleted struct {
	Call     string `json:"call"`
	To       Target `json:"to"`
	Answered bool   `json:"answered"`
	Code     string `json:"code,omitempty"` // of the failure
	TookMS   int64  `json:"tookMs"`
}

// EventType implements EventData.
func (FailoverCompleted) EventType() string { return "provider.failover.completed" }
