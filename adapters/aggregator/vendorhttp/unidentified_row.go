package vendorhttp

import "github.com/LerianStudio/aggregator-connections/domain"

// UnidentifiedRow returns the raw transaction for a row whose id cannot be read. The row is identified by the hash of
// its bytes, and has no content hash. Its Normalize always returns an error. The given function tries to normalise the
// row. Normalize returns the error of the given function, or the error invalid_id if there is none.
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
