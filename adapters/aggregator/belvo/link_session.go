package belvo

import (
	"context"
	"net/url"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// StartLink requests an access token with which a link can be created: POST /api/token/ without a link. The hosted
// page copies the external_id from its URL to the new link. Webhooks are registered in the vendor's dashboard, so the
// webhook URL is not used. Source: developers.belvo.com, hosted widget.
func (a *Adapter) StartLink(
	ctx context.Context, access ports.Access, session domain.LinkSessionID, _ domain.Secret,
) (ports.LinkToken, error) {
	access.AccountRef = ""
	return a.accessToken(ctx, access, url.Values{"external_id": {session.String()}, "access_mode": {"recurrent"}})
}

// LinkedObjects returns the links whose external_id is the id of the link session: GET /api/links/?external_id=. It
// reads one page of at most 1,000 links. The page also contains the links that webhooks have announced, so
// LinkedObjects does not request the announced links separately.
func (a *Adapter) LinkedObjects(
	ctx context.Context, access ports.Access, session domain.LinkSessionID, _ []string,
) ([]domain.LinkedObject, error) {
	call := newCall(access, "/api/links/")
	call.Query = url.Values{"external_id": {session.String()}, "page_size": {"1000"}}.Encode()
	call.Resource = budgetSessions
	var got struct {
		Results []struct {
			ID         string          `json:"id"`
			Status     string          `json:"status"`
			ExternalID vendorhttp.Text `json:"external_id"`
		} `json:"results"`
	}
	if err := a.http.DoJSON(ctx, call, &got); err != nil {
		return nil, err
	}
	var objects []domain.LinkedObject
	for _, l := range got.Results {
		if l.ExternalID.Value != session.String() || !isID(l.ID) {
			continue // the vendor has ignored the filter, or the link cannot be requested
		}
		state := domain.LinkedFailed
		if l.Status == "valid" {
			state = domain.LinkedReady
		}
		objects = append(objects, domain.LinkedObject{AccountRef: l.ID, State: state})
	}
	return objects, nil
}
