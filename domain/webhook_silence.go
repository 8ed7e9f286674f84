package domain

import "time"

// WebhookState states whether the expected webhooks of a connection arrive.
type WebhookState string

// The states of a connection. The conditions are checked in this order:
//
//  1. If the connection has no webhook token, the state is WebhookUnknown.
//  2. If it is not known when a webhook is due, the state is WebhookUnknown.
//  3. If an expected webhook has not arrived before its deadline, the state is WebhookSilent.
//  4. If no webhook has been received yet, the state is WebhookUnknown.
//  5. In all other cases the state is WebhookActive.
const (
	WebhookUnknown WebhookState = "unknown"
	WebhookActive  WebhookState = "active"
	WebhookSilent  WebhookState = "silent"
)

// SyncSchedule describes when the vendor synchronises an account reference by itself. The zero SyncSchedule means that
// the vendor does not synchronise by itself, or does not report when it does.
type SyncSchedule struct {
	NextAt time.Time     // the next synchronisation, which may be overdue
	Every  time.Duration // the time between two synchronisations; 0 if the vendor reports only the next one
	// NewsOnly means that the vendor sends a webhook only if a synchronisation has found new data.
	NewsOnly bool
}

// WebhookWatch records two synchronisations of the vendor: the one after which a webhook must arrive, and the first one
// without a webhook.
type WebhookWatch struct {
	Schedule SyncSchedule
	// DueAt is the time of the synchronisation whose webhook is awaited; zero if no webhook is awaited.
	DueAt time.Time
	// MissedAt is the time of the first synchronisation whose webhook is missing; zero if no webhook is missing.
	MissedAt time.Time
}

// After returns the watch with the schedule s, which the vendor has just reported. If the vendor reports the same next
// synchronisation again, DueAt does not change.
func (w WebhookWatch) After(s SyncSchedule) WebhookWatch {
	if !s.NextAt.Equal(w.Schedule.NextAt) {
		w.DueAt = s.NextAt
	}
	w.Schedule = s
	return w
}

// Awaiting returns the watch of a connection that has just received a webhook token. If no webhook is awaited yet,
// DueAt becomes Schedule.NextAt, even if this time has already passed.
func (w WebhookWatch) Awaiting() WebhookWatch {
	if w.DueAt.IsZero() {
		w.DueAt = w.Schedule.NextAt
	}
	return w
}

// Evidence contains the stored facts about the webhooks of a connection.
type Evidence struct {
	HasToken bool // the connection has a live webhook token
	// Heard reports whether a webhook about the connection was received at or after a start time. For the method
	// WebhookWatch.Pass, the start time is DueAt. For the method WebhookWatch.State, it is MissedAt.
	Heard bool
}

// Pass returns the watch after the deadline for the awaited webhook has passed. e.Heard must report whether a webhook
// was received at or after w.DueAt. In the returned watch, DueAt is the time of the following synchronisation.
//
//   - If a webhook was received, MissedAt becomes zero.
//   - If no webhook was received although the connection has a token, missed is true, and a pull is needed. Pass also
//     sets MissedAt, except if the vendor sends webhooks only for new data; see AfterPull.
func (w WebhookWatch) Pass(e Evidence, at time.Time) (next WebhookWatch, missed bool) {
	due := w.DueAt
	w.DueAt = w.following(at)
	switch {
	case e.Heard:
		w.MissedAt = time.Time{}
		return w, false
	case !e.HasToken: // no webhook can arrive
		return w, false
	}
	if !w.Schedule.NewsOnly && w.MissedAt.IsZero() {
		w.MissedAt = due
	}
	return w, true
}

// following returns the time of the first regular synchronisation after both DueAt and the given time. It returns the
// zero time if the vendor's schedule has no interval between synchronisations.
func (w WebhookWatch) following(at time.Time) time.Time {
	every := w.Schedule.Every
	if every <= 0 {
		return time.Time{}
	}
	elapsed := max(at.Sub(w.DueAt), 0) // at most 292 years; if DueAt is older, next is too early
	next := w.DueAt.Add(elapsed - elapsed%every + every)
	if !next.After(at) {
		next = at.Add(every)
	}
	return next
}

// AfterPull returns the watch after a pull that was started because a webhook was missing. It sets MissedAt if the
// vendor sends webhooks only for new data, and the pull has found new data. The arguments are:
//
//   - missed: the time of the synchronisation without a webhook;
//   - broughtRows: whether the pull has changed any row;
//   - heard: whether a webhook was received at or after that time. If a webhook was received, MissedAt does not change.
func (w WebhookWatch) AfterPull(missed time.Time, broughtRows, heard bool) WebhookWatch {
	if w.Schedule.NewsOnly && broughtRows && !heard && w.MissedAt.IsZero() {
		w.MissedAt = missed
	}
	return w
}

// AfterWebhook returns the watch without MissedAt, because a webhook was received at or after MissedAt.
func (w WebhookWatch) AfterWebhook() WebhookWatch {
	w.MissedAt = time.Time{}
	return w
}

// BecameSilent reports whether a webhook is missing in w, and none was missing in previous.
func (w WebhookWatch) BecameSilent(previous WebhookWatch) bool {
	return previous.MissedAt.IsZero() && !w.MissedAt.IsZero()
}

// State returns the state at the time now. A paused connection is never WebhookSilent. A MissedAt in the future is
// ignored, because it was set while the clock was ahead. The other arguments are:
//
//   - grace is the time between a synchronisation and the deadline for its webhook.
//   - e.Heard must report whether a webhook was received at or after MissedAt.
//   - lastAt is when the last webhook was received; zero if there was none.
func (w WebhookWatch) State(
	now time.Time,
	grace time.Duration,
	e Evidence,
	lastAt time.Time,
	paused bool,
) WebhookState {
	switch {
	case !e.HasToken, w.Schedule.NextAt.IsZero() && w.MissedAt.IsZero():
		return WebhookUnknown
	case !paused && !e.Heard && !w.MissedAt.IsZero() && !now.Before(w.MissedAt.Add(grace)):
		return WebhookSilent
	case lastAt.IsZero():
		return WebhookUnknown
	}
	return WebhookActive
}

// ExpectedBy returns the deadline for the next webhook; zero if no webhook is expected. If the vendor has not reported
// its next synchronisation yet, the deadline may be in the past.
func (w WebhookWatch) ExpectedBy(grace time.Duration, hasToken bool) time.Time {
	switch {
	case !hasToken:
		return time.Time{}
	case !w.DueAt.IsZero():
		return w.DueAt.Add(grace)
	case !w.Schedule.NextAt.IsZero():
		return w.Schedule.NextAt.Add(grace)
	}
	return time.Time{}
}
