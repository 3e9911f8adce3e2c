package quota

import (
	"fmt"
	"regexp"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// limit is a dcoder.Limit as a client writes it.
type limit struct {
	Scope   dcoder.Scope       `json:"scope" enum:"key,user,group,tenant,platform" doc:"platform: all tenants together, set by the platform's owner"`
	Subject string             `json:"subject,omitempty" maxLength:"64" doc:"key, user or group id; absent: each of the scope by itself"`
	Model   string             `json:"model,omitempty" maxLength:"120" doc:"only calls of this model or alias, as asked for or as served; absent: all"`
	Metric  dcoder.Metric      `json:"metric" enum:"requests,tokens,money,parallel"`
	Window  dcoder.Window      `json:"window,omitempty" enum:"now,minute,day,week,month" doc:"parallel calls are counted at any one moment: now, whichever is given"`
	Max     int64              `json:"max" minimum:"0" maximum:"1000000000000000" doc:"calls, tokens, or micro-units of the tenant's currency"`
	Action  dcoder.LimitAction `json:"action,omitempty" enum:"alert,throttle,deny,approve" doc:"default: alert for money, deny for all else; approve refuses until POST /v1/approvals was approved"`
	Alerts  []int              `json:"alerts,omitempty" maxItems:"10" doc:"per cent of max at which an event goes out, ascending"`
}

var (
	subjectID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,63}$`)
	modelID   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,119}$`)
)

// identity is what may stand once in a tenant.
type identity struct {
	dcoder.Scope
	subject, model string
	dcoder.Metric
	dcoder.Window
}

// read checks limits by themselves and against each other; tenant is whose they
// are to be.
func read(tenant string, in []limit) ([]dcoder.Limit, error) {
	first := map[identity]int{}
	out := make([]dcoder.Limit, 0, len(in))
	for i, l := range in {
		field := fmt.Sprintf("limits[%d]", i)
		l.fill()
		if err := l.check(field, tenant); err != nil {
			return nil, err
		}
		id := identity{l.Scope, l.Subject, l.Model, l.Metric, l.Window}
		if before, taken := first[id]; taken {
			return nil, dcoder.Invalid(field, "scope, subject, model, metric and window are those of limits[%d]", before)
		}
		first[id] = i
		out = append(out, dcoder.Limit{
			Scope: l.Scope, Subject: l.Subject, Model: l.Model, Metric: l.Metric, Window: l.Window,
			Max: l.Max, Action: l.Action, Alerts: l.Alerts,
		})
	}
	return out, nil
}

// fill puts in what is not said.
func (l *limit) fill() {
	if l.Metric == dcoder.MetricParallel {
		l.Window = dcoder.WindowNow
	}
	if l.Action == "" {
		l.Action = dcoder.UsualAction(l.Metric)
	}
}

func (l limit) check(field, tenant string) error {
	switch {
	case (l.Scope == dcoder.ScopePlatform) != (tenant == dcoder.PlatformTenant):
		return dcoder.Invalid(field+".scope", "limits of the scope platform are the platform's own, all others a tenant's")
	case l.Scope == dcoder.ScopePlatform && l.Action == dcoder.ActionApprove:
		return dcoder.Invalid(field+".action", "nobody approves of more than the platform has: raise the limit itself")
	case (l.Scope == dcoder.ScopeTenant || l.Scope == dcoder.ScopePlatform) && l.Subject != "":
		return dcoder.Invalid(field+".subject", "a limit of the %s has no subject", l.Scope)
	case l.Subject != "" && !subjectID.MatchString(l.Subject):
		return dcoder.Invalid(field+".subject", "a subject is at most 64 letters, digits and . _ @ : + -")
	case l.Model != "" && !modelID.MatchString(l.Model):
		return dcoder.Invalid(field+".model", "a model is at most 120 letters, digits and . _ : @ / + -")
	case l.Window == "" || l.Window == dcoder.WindowNow && l.Metric != dcoder.MetricParallel:
		return dcoder.Invalid(field+".window", "say over what the limit counts: minute, day, week or month")
	case l.Metric == dcoder.MetricMoney && l.Window == dcoder.WindowMinute:
		return dcoder.Invalid(field+".window", "money is limited by day, week or month")
	}
	return checkAlerts(field, l.Alerts)
}

func checkAlerts(field string, alerts []int) error {
	last := 0
	for i, percent := range alerts {
		if percent <= last || percent > 1000 {
			return dcoder.Invalid(fmt.Sprintf("%s.alerts[%d]", field, i), "alerts are per cent of max, ascending, from 1 to 1000")
		}
		last = percent
	}
	return nil
}
