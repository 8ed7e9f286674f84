package pluggy

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var _ ports.ConsentReader = (*Adapter)(nil)

// maxConsentPages bounds how many pages of the list of consents are read. An item has few consents.
const maxConsentPages = 5

// optionalTime is a time that may be missing, null, empty or false. The field set is true if the member had any other
// value, even a value that is not a time. The field at is zero unless the value could be parsed as a time.
type optionalTime struct {
	set bool
	at  time.Time
}

// UnmarshalJSON accepts every value, because one member that cannot be read must not make an item or a list
// unreadable.
func (t *optionalTime) UnmarshalJSON(raw []byte) error {
	*t = optionalTime{set: !slices.Contains([]string{"null", `""`, "false"}, string(raw))}
	var text string
	if t.set && json.Unmarshal(raw, &text) == nil {
		t.at, _ = domain.ParseConsentTime(text)
	}
	return nil
}

// consent contains the members of a consent that the adapter needs. Source: docs.pluggy.ai, consents.
type consent struct {
	ID        vendorhttp.Text `json:"id"`
	CreatedAt optionalTime    `json:"createdAt"`
	ExpiresAt optionalTime    `json:"expiresAt"`
	RevokedAt optionalTime    `json:"revokedAt"`
}

// Consent returns the item's most recent consent: GET /consents. If several were created at the same time, or their
// creation times cannot be read, it prefers consents that are not revoked, and among those the one that is last in the
// list. A consent whose revokedAt has any value counts as revoked. An entry of the list that is not a consent is
// ignored.
func (a *Adapter) Consent(ctx context.Context, at ports.Access) (domain.ConsentReport, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	var last *consent
	for page := 1; page <= maxConsentPages; page++ {
		found, pages, err := a.consentPage(ctx, at, page)
		if err != nil {
			return domain.ConsentReport{}, err
		}
		for _, raw := range found {
			var c consent
			if raw[0] == '{' && vendorhttp.Decode(raw, &c) == nil && (last == nil || c.follows(*last)) {
				last = &c
			}
		}
		if page >= pages {
			break
		}
	}
	if last == nil {
		return domain.ConsentReport{}, nil
	}
	return last.report(), nil
}

// consentPage returns the entries of one page of the list of consents, and the number of pages that
// the list has.
func (a *Adapter) consentPage(ctx context.Context, at ports.Access, page int) ([]json.RawMessage, int, error) {
	query := url.Values{"itemId": {at.AccountRef}}
	if page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	body, err := a.do(ctx, at, vendorhttp.Call{
		Vendor: itemAPI, Path: "/consents", PathTemplate: "/consents", Query: query.Encode(), Resource: "consents",
	})
	if err != nil {
		return nil, 0, err
	}
	var got struct {
		TotalPages json.RawMessage   `json:"totalPages"`
		Results    []json.RawMessage `json:"results"`
	}
	if err := vendorhttp.Decode(body, &got); err != nil {
		return nil, 0, err
	}
	pages, _ := strconv.Atoi(string(got.TotalPages)) // 0 if it is not a number
	return got.Results, pages, nil
}

// follows reports whether c takes precedence over a consent that occurs earlier in the list (last).
func (c consent) follows(last consent) bool {
	if !c.CreatedAt.at.Equal(last.CreatedAt.at) {
		return c.CreatedAt.at.After(last.CreatedAt.at)
	}
	return !c.RevokedAt.set || last.RevokedAt.set
}

func (c consent) report() domain.ConsentReport {
	r := domain.ConsentReport{
		Status: domain.ReportedGranted, Key: domain.ConsentKey(c.ID.Value), ExpiresAt: c.ExpiresAt.at,
		NoExpiry: !c.ExpiresAt.set,
	}
	if c.RevokedAt.set {
		r.Status = domain.ReportedRevoked
	}
	return r
}
