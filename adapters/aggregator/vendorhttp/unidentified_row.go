package vendorhttp

import "github.com/LerianStudio/aggregator-connections/domain"

// UnidentifiedRow returns a row of a page whose id cannot be read. The row is identified by the hash of its bytes, has
// no content hash, and can never be normalised. Its normalisation fails with the error of the function check, which
// tries to normalise the row. If check returns nil, the reason is invalid_id.
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
