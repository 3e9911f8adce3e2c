package dcoder

// OnboardingWorkflow is the name under which the worker knows the workflow that
// makes a tenant; its id is OnboardingID. TaskQueue is where every workflow of
// the platform waits, unless configuration says another.
const (
	OnboardingWorkflow = "onboarding"
	TaskQueue          = "dcoder"
)

// OnboardingID is the workflow id of a tenant's onboarding: one for each tenant,
// so that asking twice makes one.
func OnboardingID(tenant string) string { return OnboardingWorkflow + "-" + tenant }

// Onboarding is what a new tenant is made from. It is kept in a workflow's
// history, so no secret stands in it: of the first key only the keyed hash.
// Fields are only ever added.
type Onboarding struct {
	Tenant    string    `json:"tenant"` // id, chosen before the workflow starts
	Name      string    `json:"name"`
	Platform  string    `json:"platform,omitempty"`
	Plan      string    `json:"plan,omitempty"` // "pooled", "silo"
	TimeZone  string    `json:"timezone,omitempty"`
	Currency  string    `json:"currency,omitempty"`
	Admin     HashedKey `json:"admin"`
	RequestID string    `json:"request_id,omitempty"` // correlation of what follows
	Actor     string    `json:"actor,omitempty"`      // key or user id of who asked
}

// HashedKey is a virtual key as it is stored.
type HashedKey struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	Hash     []byte `json:"hash"`
	PepperID string `json:"pepper_id"`
}
