// Package kit holds what the vendor simulators share and what does not depend on a vendor: a
// control surface for curl ([Control]), a webhook sender that can deliver badly on request
// ([Sender]), ids determined by a seed ([NewEntropy]), and a recorder of response statuses
// ([RecordStatus]).
//
// Package faultinject makes a simulator fail; the content of its responses is the
// simulator's own.
package kit
