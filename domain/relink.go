package domain

import "time"

// MaxStaged is how long the rows of a new account reference stay staged (stored, but invisible to readers) while the
// vendor synchronises. After this time, the next pull publishes them without a proof that they are complete.
const MaxStaged = 24 * time.Hour
