package belvo

import (
	"errors"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// errHolder marks what ends when the link's holder acts. It is no refusal of the API
// credential: a pull waits and tries again, and Check says that the holder is wanted.
var errHolder = errors.New("the link waits for its holder")

// Source: developers.belvo.com, Errors. What is not here is judged by its status.
var codes = map[string]domain.Error{
	"invalid_link":     {Code: domain.VendorUnreachable, Cause: errHolder},
	"unconfirmed_link": {Code: domain.VendorUnreachable, Cause: errHolder},
	"token_required":   {Code: domain.VendorUnreachable, Cause: errHolder},
	"session_expired":  {Code: domain.VendorUnreachable, Cause: errHolder},

	"institution_down":        {Code: domain.VendorUnreachable},
	"institution_unavailable": {Code: domain.VendorUnreachable},
	"institution_inactive":    {Code: domain.VendorUnreachable},
	"request_timeout":         {Code: domain.VendorUnreachable},

	"too_many_sessions":          {Code: domain.VendorRateLimited},
	"operational_limits_reached": {Code: domain.VendorRateLimited},
}

// explain reads an error body: an array of objects with a code, sometimes one object.
// nil leaves the meaning to the status.
func explain(status int, body []byte) *domain.Error {
	for _, code := range codesIn(body) {
		if known, ok := codes[code]; ok {
			known.Kind, known.Message = domain.Unavailable, code
			return &known
		}
	}
	switch status {
	case http.StatusConflict: // a refresh of the link is under way
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable}
	case http.StatusPreconditionRequired:
		return &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: errHolder}
	}
	return nil
}

func codesIn(body []byte) []string {
	type fault struct {
		Code string `json:"code"`
	}
	var list []fault
	if vendorhttp.Decode(body, &list) != nil {
		list = make([]fault, 1)
		if vendorhttp.Decode(body, &list[0]) != nil {
			return nil
		}
	}
	found := make([]string, 0, len(list))
	for _, f := range list {
		found = append(found, f.Code)
	}
	return found
}
