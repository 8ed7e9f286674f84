package vendorhttp

import "github.com/LerianStudio/aggregator-connections/domain"

// UnidentifiedRow returns the raw transaction for a row whose id cannot be read. The row is identified by the hash of
// its bytes, and has no content hash. The function check tries to normalise the row. The Normalize function of the
// result always returns an error: the error of check, or invalid_id if check returns nil.
func UnidentifiedRow(row []byte, check func() error) domain.RawTransaction {
	return domain.RawTransaction{
		ExternalID: domain.UnreadableRowID(row),
		Normalize: func() (domain.TransactionData, error) {
			err := check()
			if err == nil {
				err = domain.UnreadableRow(domain.InvalidID)
			}
			return domain.TransactionData{Metadata: row}, err
		},
	}
}
