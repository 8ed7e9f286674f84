package vendorhttp

import "github.com/LerianStudio/aggregator-connections/domain"

// UnidentifiedRow returns the raw transaction for a row whose id cannot be read. The row is identified by the hash of
// its bytes, has no content hash, and can never be normalised. Its Normalize calls check, which tries to normalise the
// row, and returns the error of check. If check returns nil, Normalize returns an error with the reason invalid_id.
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
