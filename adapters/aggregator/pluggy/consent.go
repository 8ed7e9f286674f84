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

// optionalTime is a time that may be missing, null, empty or false. For any other value, hasValue is true, even if the
// value is not a time. The instant is zero if the value cannot be parsed as a time.
type optionalTime struct {
	hasValue bool
	instant  time.Time
}

// UnmarshalJSON accepts every value, because one member that cannot be read must not make an item or a list
// unreadable.
func (t *optionalTime) UnmarshalJSON(raw []byte) error {
	*t = optionalTime{hasValue: !slices.Contains([]string{"null", `""`, "false"}, string(raw))}
	var text string
	if t.hasValue && json.Unmarshal(raw, &text) == nil {
		t.instant, _ = domain.ParseConsentTime(text)
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

// Consent returns the item's most recent consent: GET /consents. A consent counts as revoked if its revokedAt has any
// value. An entry of the list that is not a consent is ignored.
//
// Several consents can have the same creation time, or no readable creation time. Among these, Consent prefers those
// that are not revoked, and then the last one in the list.
func (a *Adapter) Consent(ctx context.Context, access ports.Access) (domain.ConsentReport, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	var last *consent
	for page := 1; page <= maxConsentPages; page++ {
		found, pages, err := a.consentPage(ctx, access, page)
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
	body, err := a.send(ctx, at, vendorhttp.Call{
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

// follows reports whether c takes precedence over predecessor, a consent from an earlier position of the list. The
// consent that was created later takes precedence. If both were created at the same time, c takes precedence, except if
// only c was revoked.
func (c consent) follows(predecessor consent) bool {
	if !c.CreatedAt.instant.Equal(predecessor.CreatedAt.instant) {
		return c.CreatedAt.instant.After(predecessor.CreatedAt.instant)
	}
	return !c.RevokedAt.hasValue || predecessor.RevokedAt.hasValue
}

func (c consent) report() domain.ConsentReport {
	r := domain.ConsentReport{
		Status: domain.ReportedGranted, Key: domain.ConsentKey(c.ID.Value), ExpiresAt: c.ExpiresAt.instant,
		NoExpiry: !c.ExpiresAt.hasValue,
	}
	if c.RevokedAt.hasValue {
		r.Status = domain.ReportedRevoked
	}
	return r
}
