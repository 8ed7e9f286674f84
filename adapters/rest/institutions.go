package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const institutionsPath = prefix + "/institutions"

// bankView is the representation in responses of a bank of the tenant.
type bankView struct {
	Vendor      string         `json:"vendor" example:"pluggy" doc:"The aggregator"`
	ID          string         `json:"id" example:"201" doc:"The vendor's id of the bank; at Pluggy that of the connector"`
	Name        string         `json:"name" example:"Itaú" doc:"The vendor's name of the bank"`
	Connections int            `json:"connections" example:"41" doc:"Number of live connections"`
	Accounts    int            `json:"accounts" example:"78" doc:"Number of accounts of these connections that the vendor lists"`
	Attention   map[string]int `json:"attention" example:"{\"reauth\":2,\"stale\":1}" doc:"Number of connections for each reason that occurs; see the reasons of the health list"`
	BankReadAt  time.Time      `json:"bankReadAt,omitzero" example:"2026-03-01T09:00:00Z" doc:"The oldest reading of the bank among the connections that are not paused and need no sign-in or consent; absent if none is known"`
	Delay       *delayView     `json:"delay,omitempty" doc:"Hours from the end of a day (CLOSE_OFFSET) to the first reading of the bank after it, over the days of all accounts in the last 30 days; absent if there was none"`
	IDChanges   int            `json:"idChanges" example:"0" doc:"How often a transaction continued under another id of the vendor, in the last 30 days"`
	LateRows    int            `json:"lateRows" example:"3" doc:"Number of new transactions of the last 30 days that are dated on or before a day that the reading before covered"`
}

// delayView is the representation in responses of the delays of a bank.
type delayView struct {
	P50 int `json:"p50" example:"6" doc:"The median, in whole hours"`
	P95 int `json:"p95" example:"11" doc:"The 95th percentile, in whole hours"`
}

// bankOf returns the representation of a bank.
func bankOf(s domain.InstitutionStatus) bankView {
	v := bankView{
		Vendor: string(s.Vendor), ID: s.ID, Name: s.Name, Connections: s.Connections, Accounts: s.Activity.Accounts,
		Attention: reasonCounts(s.Reasons), BankReadAt: utcOrZero(s.BankReadAt), IDChanges: s.Activity.IDChanges,
		LateRows: s.Activity.LateRows,
	}
	if p50, ok := s.Activity.Delays.Percentile(50); ok {
		p95, _ := s.Activity.Delays.Percentile(95)
		v.Delay = &delayView{p50, p95}
	}
	return v
}

// reasonCounts returns the representation of the numbers of connections by reason.
func reasonCounts(reasons map[domain.AttentionReason]int) map[string]int {
	counts := make(map[string]int, len(reasons))
	for reason, count := range reasons {
		counts[string(reason)] = count
	}
	return counts
}

func (s *server) institutionRoutes() []route {
	return []route{{
		id: "list-institutions", method: http.MethodGet, path: institutionsPath,
		description: "Returns the banks of the tenant's live connections, with what needs a person there and how the " +
			"bank's data has arrived in the last 30 days. The filter institution=VENDOR:ID of the lists of " +
			"connections, of their health and of accounts selects those of a bank. The vendors are not called.",
		status: http.StatusOK, tag: "Aggregator connections", summary: "List the banks, ordered by name",
		scope: scopeRead,
		mount: handle(s.listInstitutions),
	}}
}

// listInstitutions returns a page of the tenant's banks.
func (s *server) listInstitutions(ctx context.Context, tenant domain.TenantID, in *struct {
	Limit  int                     `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[institutionList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[bankView], error) {
	p, err := s.service.ListInstitutions(ctx, tenant, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[institutionList](p, in.Limit, bankOf), nil
}
