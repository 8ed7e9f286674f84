// Package kit contains the code that all vendor simulators share:
//
//   - [Control] serves the HTTP calls with which a test or curl inspects and changes a simulator.
//   - [Sender] sends webhooks, and can simulate delivery problems.
//   - [NewEntropy] returns a source of ids that depend only on a seed.
//   - [RecordStatus] records the statuses of responses.
//
// Package faultinject adds the faults, and each simulator the vendor's responses.
package kit
