package domain

import "time"

// WebhookState reports whether the expected webhooks of a connection arrive.
type WebhookState string

// The states. A connection is WebhookUnknown if a missing webhook cannot be noticed, because nobody knows when a
// webhook is due, or because the connection has no webhook token. It is also WebhookUnknown if it is not silent and no
// webhook has been received yet.
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

// WebhookWatch records which synchronisation of the vendor must be followed by a webhook, and since when webhooks have
// been missing.
type WebhookWatch struct {
	Schedule SyncSchedule
	// DueAt is the time of the synchronisation whose webhook is awaited; zero if no webhook is awaited.
	DueAt time.Time
	// MissedAt is the time of the first synchronisation that no webhook has followed; zero if the connection is not
	// silent.
	MissedAt time.Time
}

// After returns the watch after the vendor has reported the schedule s. The watch awaits the webhook of each
// synchronisation once, even if the vendor reports the same synchronisation again.
func (w WebhookWatch) After(s SyncSchedule) WebhookWatch {
	if !s.NextAt.Equal(w.Schedule.NextAt) {
		w.DueAt = s.NextAt
	}
	w.Schedule = s
	return w
}

// Awaiting returns the watch after the connection was given a webhook token. If no webhook is awaited, the watch now
// awaits the webhook of the latest synchronisation that was reported, even if this webhook was noticed as missing
// before.
func (w WebhookWatch) Awaiting() WebhookWatch {
	if w.DueAt.IsZero() {
		w.DueAt = w.Schedule.NextAt
	}
	return w
}

// Evidence contains the stored facts about the webhooks of a connection.
type Evidence struct {
	HasToken bool // the connection has a live webhook token
	// Heard reports whether a webhook about the connection was received at or after a certain time. The methods that
	// use it state which time that is.
	Heard bool
}

// Pass is called when the time allowed for the webhook of the synchronisation at DueAt is over, and returns the new
// watch. e.Heard must report whether a webhook was received at or after DueAt. missed reports that the webhook is
// missing, so that a pull is needed. The connection is then silent, unless its vendor sends a webhook only if there is
// new data. For such a vendor, AfterPull decides.
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

// following returns the first regular synchronisation after DueAt that is later than the given time. It returns the
// zero time if the vendor reports only its next synchronisation.
func (w WebhookWatch) following(at time.Time) time.Time {
	every := w.Schedule.Every
	if every <= 0 {
		return time.Time{}
	}
	elapsed := max(at.Sub(w.DueAt), 0) // Sub saturates, so the result may still be in the past
	next := w.DueAt.Add(elapsed - elapsed%every + every)
	if !next.After(at) {
		next = at.Add(every)
	}
	return next
}

// AfterPull returns the watch after a pull that was started because the webhook of a synchronisation did not arrive.
// The argument missed is the time of that synchronisation. broughtRows reports whether the pull has changed any row.
// heard reports whether a webhook was received at or after missed. If a vendor sends a webhook only for new data, its
// webhook was lost only if there was new data.
func (w WebhookWatch) AfterPull(missed time.Time, broughtRows, heard bool) WebhookWatch {
	if w.Schedule.NewsOnly && broughtRows && !heard && w.MissedAt.IsZero() {
		w.MissedAt = missed
	}
	return w
}

// AfterWebhook returns the watch after a webhook that was received at or after MissedAt.
func (w WebhookWatch) AfterWebhook() WebhookWatch {
	w.MissedAt = time.Time{}
	return w
}

// BecameSilent reports whether the connection was not silent before and is silent in w.
func (w WebhookWatch) BecameSilent(before WebhookWatch) bool {
	return before.MissedAt.IsZero() && !w.MissedAt.IsZero()
}

// State returns the state at the time now. grace is the time that a webhook may take. e.Heard must report whether a
// webhook was received at or after MissedAt. lastAt is when the last webhook was received, zero if there was none. A
// paused connection is not silent. A connection is also not silent if its MissedAt is in the future, because the clock
// was ahead when the silence was noticed.
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

// ExpectedBy returns the time by which a webhook is expected; zero if no webhook is expected. It keeps returning a time
// that has passed until the vendor reports its next synchronisation.
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
