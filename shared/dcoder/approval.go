package dcoder

import "time"

// ApprovalState says what came of a request for more room.
type ApprovalState string

// The states of an approval.
const (
	ApprovalPending  ApprovalState = "pending"
	ApprovalApproved ApprovalState = "approved"
	ApprovalRejected ApprovalState = "rejected"
	ApprovalExpired  ApprovalState = "expired" // lapsed undecided, or its time is over
)

// Approval is a request for more room than a limit has, and what came of it. The
// limit that it is of is named by its identity; Subject is the one that wants the
// room, also where the limit holds for each subject.
type Approval struct {
	ID        string        `json:"id"`
	Scope     Scope         `json:"scope"`
	Subject   string        `json:"subject,omitempty"`
	Model     string        `json:"model,omitempty"`
	Metric    Metric        `json:"metric"`
	Window    Window        `json:"window"`
	Amount    int64         `json:"amount"` // on top of the limit
	Reason    string        `json:"reason,omitempty"`
	State     ApprovalState `json:"state"`
	Requester string        `json:"requester"` // key id, or user
	Decider   string        `json:"decider,omitempty"`
	Note      string        `json:"note,omitempty"` // the decider's
	Created   time.Time     `json:"created"`
	Decided   time.Time     `json:"decided,omitzero"`
	Until     time.Time     `json:"until"` // undecided it lapses then; approved it ends then
}

// Of is the limit that the approval is of, without what it allows.
func (a *Approval) Of() Limit {
	return Limit{Scope: a.Scope, Subject: a.Subject, Model: a.Model, Metric: a.Metric, Window: a.Window}
}

// ApprovalChanged says that a request for more room was made, decided, or is over.
type ApprovalChanged struct {
	Approval Approval `json:"approval"`
}

// EventType implements EventData.
func (ApprovalChanged) EventType() string { return "approval.changed" }
