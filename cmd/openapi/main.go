// Command openapi writes the OpenAPI document of the service to openapi.json in the root folder of the
// repository. "make generate" runs it; it is not part of the service.
package main

import (
	"fmt"
	"os"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
)

//go:generate go run .

// file is the path of the document, relative to this folder.
const file = "../../openapi.json"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	document, err := compose.OpenAPI()
	if err != nil {
		return err
	}
	return os.WriteFile(file, document, 0o600)
}
