package auditing

import (
	"context"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Recorder makes the audit entries of the use cases. All members are required.
type Recorder struct {
	Log      ports.AuditLog
	Clock    ports.Clock
	IDs      ports.IDs
	Observer ports.Observer
}

// Emit logs a change that an operator has made. It does not store an audit entry; the stores and Append do.
func (r Recorder) Emit(ctx context.Context, tenant domain.TenantID, action, object string) {
	r.Observer.Emit(ctx, ports.Audited{Tenant: tenant, Caller: ports.CallerOf(ctx), Action: action, Object: object})
}

// EntriesOf returns a function that makes one audit entry. The store method that makes the change calls it, and
// commits the entry together with the change. object is the id of the changed object.
func (r Recorder) EntriesOf(ctx context.Context, action, object string) ports.AuditEntries {
	return func() []domain.AuditEntry { return r.Entries(ctx, action, object) }
}

// Append stores and logs an entry for a use case that changes nothing in the stores, for example because it only
// changes something at the vendor.
func (r Recorder) Append(ctx context.Context, tenant domain.TenantID, action, object string) error {
	return r.AppendEntry(ctx, tenant, r.Entry(ctx, action, object))
}

// AppendEntry is Append for an entry that has a detail.
func (r Recorder) AppendEntry(ctx context.Context, tenant domain.TenantID, entry domain.AuditEntry) error {
	if err := r.Log.Append(ctx, tenant, entry); err != nil {
		return err
	}
	r.Emit(ctx, tenant, entry.Action, entry.Object)
	return nil
}

// Entry returns a new entry with the actor and the request id of the caller in ctx.
func (r Recorder) Entry(ctx context.Context, action, object string) domain.AuditEntry {
	caller := ports.CallerOf(ctx)
	return domain.AuditEntry{
		ID: r.IDs.New(), At: r.Clock.Now(), Actor: caller.Actor, Action: action, Object: object,
		RequestID: caller.RequestID,
	}
}

// Entries returns one new entry for each of the objects.
func (r Recorder) Entries(ctx context.Context, action string, objects ...string) []domain.AuditEntry {
	entries := make([]domain.AuditEntry, len(objects))
	for i, object := range objects {
		entries[i] = r.Entry(ctx, action, object)
	}
	return entries
}

// EntriesOfUpdate returns the audit entry for an update of the members with these names. It returns none for no
// members, because a request without effect is not recorded.
func (r Recorder) EntriesOfUpdate(ctx context.Context, action, object string, members []string) []domain.AuditEntry {
	if len(members) == 0 {
		return nil
	}
	e := r.Entry(ctx, action, object)
	e.Detail.Changed = members
	return []domain.AuditEntry{e}
}

// EmitUpdate logs the update of the members with these names, which is stored. It logs nothing for no members.
func (r Recorder) EmitUpdate(ctx context.Context, tenant domain.TenantID, action, object string, members []string) {
	if len(members) > 0 {
		r.Emit(ctx, tenant, action, object)
	}
}

// Changed returns the names that are not "". Its arguments are the results of IfChanged.
func Changed(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// IfChanged returns name if isChanged is true, and "" otherwise.
func IfChanged(isChanged bool, name string) string {
	if isChanged {
		return name
	}
	return ""
}
