// Package sdk_test runs npm packages that check the service independently of our own documents. The
// vendors' SDKs read from the simulators, and two linters check the OpenAPI document. The tests need node
// and npm; package-lock.json pins the versions of the packages.
package sdk_test
