package domain

import "time"

// MaxStaged is how long the rows of a new account reference stay staged (stored, but invisible to readers) while the
// vendor synchronises. After this time, the next pull publishes them without a proof that they are complete.
const MaxStaged = 24 * time.Hour

// MaxMaybeContinued is how long after the deletion of a connection its accounts can be candidates that the accounts of
// a new connection may continue (Account.MaybeContinues). An equal identity counts without a time limit.
const MaxMaybeContinued = 90 * 24 * time.Hour
