// Package kit contains the code that the vendor simulators share and that does not depend on a vendor: a control
// surface, which is a set of HTTP calls that inspect and change the simulator, for example with curl ([Control]), a
// webhook sender that can simulate delivery problems ([Sender]), ids that a seed determines ([NewEntropy]), and a
// recorder of response statuses ([RecordStatus]).
//
// Package faultinject makes a simulator fail. The content of the responses is defined by each
// simulator.
package kit
