// Package lerianmatcher decides which transactions Matcher, Lerian's reconciliation system, gets for the records of
// this service, and how corrections of the records reach it. The package only decides: it calls neither Matcher nor a
// store.
//
// Matcher's import skips an external id that it already has, and Matcher cannot change a transaction. A record is
// therefore corrected in two steps: its transaction is set to ignored, and the record is imported again under a new
// external id. A transaction that is matched or pending review cannot be set to ignored. In this case nothing is
// changed, and the entry of the record gets a Conflict.
//
// An Entry contains what one subscription has sent for one record. Entry.Next compares it with the record, and
// returns the next Action. The caller stores the returned entry before it makes the call, and passes the result of
// the call to one of the methods Sent, Found, Missing, Refused, Isolate and Ignored.
package lerianmatcher
