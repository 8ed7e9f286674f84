package postgres

// plainID is an id in the form that pgx encodes fastest. For an array of uuid.UUID, pgx would use the
// driver.Valuer of that type: it would encode each id as text, and create and discard an error for each id.
type plainID = [16]byte
