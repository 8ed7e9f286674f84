package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// dayCoverageView is the response body about the accounts that are complete for a day, with a page of the others.
type dayCoverageView struct {
	Day          string             `json:"day" format:"date" example:"2026-11-25" doc:"The day"`
	Accounts     int                `json:"accounts" example:"75" doc:"Number of accounts that the vendors list, of the live connections"`
	Covered      int                `json:"covered" example:"71" doc:"Number of accounts whose coversTo is the day or later"`
	ReadSince    int                `json:"readSince" example:"1" doc:"Number of accounts whose bank was read after the end of the day, but too early to cover it"`
	NotRead      int                `json:"notRead" example:"3" doc:"Number of accounts whose bank was not read since the end of the day"`
	Undated      int                `json:"undated" example:"0" doc:"Number of accounts for which it is not known when the bank was read"`
	Institutions []bankCoverageView `json:"institutions" doc:"The same by bank, ordered by name"`

	page[uncoveredView]
}

// bankCoverageView is how many accounts at a bank are complete for a day.
type bankCoverageView struct {
	Vendor   string `json:"vendor" example:"pluggy" doc:"The aggregator"`
	ID       string `json:"id,omitempty" example:"201" doc:"The vendor's id of the bank; absent for the accounts whose bank is not known"`
	Name     string `json:"name,omitempty" example:"Itaú" doc:"The vendor's name of the bank; absent if unknown"`
	Accounts int    `json:"accounts" example:"12" doc:"Number of accounts"`
	Covered  int    `json:"covered" example:"11" doc:"Number of those that cover the day"`
}

// uncoveredView is an account that is not complete for a day.
type uncoveredView struct {
	AccountID    string           `json:"accountId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the account"`
	Name         string           `json:"name,omitempty" example:"Conta corrente" doc:"The name at the institution; absent if unknown"`
	Number       string           `json:"number,omitempty" example:"0001/12345-6" doc:"The account number; absent if unknown"`
	ConnectionID string           `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the connection"`
	ConfigName   string           `json:"configName" example:"pluggy-main" doc:"The name of the connection"`
	Vendor       string           `json:"vendor" example:"pluggy" doc:"The aggregator"`
	Institution  *institutionView `json:"institution,omitempty" doc:"The bank; absent if the vendor does not state it"`
	State        string           `json:"state" enum:"read_since,not_read,undated" example:"not_read" doc:"read_since: the bank was read after the end of the day, but before coveredFrom. not_read: it was not. undated: it is not known when it was read"`
	BankReadAt   time.Time        `json:"bankReadAt,omitzero" example:"2026-11-24T16:10:00Z" doc:"When the vendor last read the account's transactions at the bank; absent if it does not state that"`
	CoversTo     string           `json:"coversTo,omitempty" format:"date" example:"2026-11-23" doc:"The last day that this reading covers; absent without bankReadAt"`
	CoveredFrom  time.Time        `json:"coveredFrom" example:"2026-11-26T15:00:00Z" doc:"The earliest moment of a reading that covers the day"`
	Paused       bool             `json:"paused" example:"false" doc:"Whether the connection is paused, so that nothing is read"`
	Attention    []attentionView  `json:"attention,omitempty" doc:"The reasons why nothing arrives, of those in the health of the connection; absent if there are none"`
}

func uncoveredOf(a ports.UncoveredAccount) uncoveredView {
	return uncoveredView{
		AccountID: a.Account.ID.String(), Name: a.Account.Name, Number: a.Account.Number,
		ConnectionID: a.Connection.ID.String(), ConfigName: a.Connection.Name, Vendor: string(a.Connection.Vendor),
		Institution: institutionOf(a.Connection.Institution), State: string(a.State),
		BankReadAt: utcOrZero(a.Account.BankReadAt), CoversTo: string(a.Account.CoversTo),
		CoveredFrom: a.CoveredFrom.UTC(), Paused: a.Paused, Attention: attentionOf(a.Reasons),
	}
}

// dayCoverageRoute returns the route that says which accounts are complete for a day.
func (s *server) dayCoverageRoute(tag string) route {
	return route{
		id: "get-day-coverage", method: http.MethodGet, path: accountsPath + "/coverage",
		description: "Returns how many accounts cover a day, so that their banks have had time to book it before " +
			"they were read last, and a page of the others: those whose bank was not read since the end of the " +
			"day, with the reasons, those without a known reading, and those that were read since, with the " +
			"moment from which a reading covers the day. The vendors are not called.",
		status: http.StatusOK, tag: tag, summary: "Say which accounts are complete for a day",
		scope: scopeRead,
		mount: handle(s.dayCoverage),
	}
}

// dayCoverage returns which of the tenant's accounts are complete for a day.
func (s *server) dayCoverage(ctx context.Context, tenant domain.TenantID, in *struct {
	Day         string                `query:"day" format:"date" example:"2026-11-25" doc:"The day; by default the last one that has ended at CLOSE_OFFSET"`
	Institution institutionParam      `query:"institution" minLength:"3" maxLength:"1024" doc:"Only accounts of connections to this bank: the vendor, a colon, and the vendor's id of the institution" example:"pluggy:201"`
	Limit       int                   `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor      cursor[uncoveredList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*bodyOutput[dayCoverageView], error) {
	c, err := s.service.CoverageOfDay(ctx, tenant, domain.Date(in.Day), in.Institution.InstitutionKey,
		in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	view := dayCoverageView{
		Day: string(c.Day), Covered: c.Accounts[domain.DayCovered], ReadSince: c.Accounts[domain.DayReadSince],
		NotRead: c.Accounts[domain.DayNotRead], Undated: c.Accounts[domain.DayUndated],
		Institutions: mapItems(c.Banks, func(b ports.BankCoverage) bankCoverageView {
			return bankCoverageView{string(b.Vendor), b.ID, b.Name, b.Accounts, b.Covered}
		}),
		page: pageOf[uncoveredList](c.Page, in.Limit, uncoveredOf).Body,
	}
	view.Accounts = view.Covered + view.ReadSince + view.NotRead + view.Undated
	return &bodyOutput[dayCoverageView]{view}, nil
}
