package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// sandboxApplication is the name of the application of the connections that the sandbox creates.
const sandboxApplication = "pluggy-sandbox"

// connectItems waits until the service of c is ready. Then it creates a connection for each item, all with the
// credential of one application, and requests a pull of each. The API of the simulator is at origin. Connections that
// exist already are kept.
func connectItems(c *demoClient, origin string, items []pluggysim.SeededItem) error {
	c.waitFor("the service", func() bool {
		_, _, status, err := c.exchange(http.MethodGet, "/readyz", nil)
		return err == nil && status == http.StatusOK
	})
	application := c.sandboxApplication(origin)
	created := 0
	for _, item := range items {
		if c.connectItem(application, item) {
			created++
		}
	}
	c.printf("%d connections were created and are being read, %d existed already.", created, len(items)-created)
	return c.err
}

// sandboxApplication returns the id of the application, and creates it if it does not exist.
func (c *demoClient) sandboxApplication(origin string) any {
	list, _ := c.get(apiPath + "/applications?limit=200")["items"].([]any)
	for _, item := range list {
		if application, _ := item.(object); application["name"] == sandboxApplication {
			return application["id"]
		}
	}
	return c.send(http.MethodPost, apiPath+"/applications", object{
		"vendor": "pluggy", "name": sandboxApplication, "baseUrl": origin, "clientId": pluggysim.DemoClientID,
		"secret": pluggysim.DemoClientSecret,
	}, http.StatusCreated)["id"]
}

// connectItem creates a connection and requests a pull. It reports false if the connection exists already.
func (c *demoClient) connectItem(application any, item pluggysim.SeededItem) (created bool) {
	if c.err != nil {
		return false
	}
	path := apiPath + "/aggregator-connections"
	_, response, status, err := c.exchange(http.MethodPost, path, object{
		"vendor": "pluggy", "configName": item.Name, "accountRef": item.ID, "applicationId": application,
	})
	var connection object
	switch {
	case err != nil || status == http.StatusConflict:
		c.err = err
		return false
	case status != http.StatusCreated:
		c.err = fmt.Errorf("POST %s answered %d: %s", path, status, response)
		return false
	}
	if c.err = json.Unmarshal(response, &connection); c.err != nil {
		return false
	}
	c.send(http.MethodPost, fmt.Sprint(path, "/", connection["id"], "/pulls"), object{}, http.StatusAccepted)
	return true
}

// sandboxClient returns a client of the service at DISCOVERY_URL.
func sandboxClient(ctx context.Context, env lookup, out io.Writer) (*demoClient, error) {
	c := &demoClient{ctx: ctx, out: out}
	for name, value := range map[string]*string{"DISCOVERY_URL": &c.origin, "DISCOVERY_TOKEN": &c.token} {
		if *value, _ = env(name); *value == "" {
			return nil, usageError{Err: fmt.Errorf("--connections: %s is not set", name)}
		}
		*value = strings.TrimRight(*value, "/")
	}
	return c, nil
}
