package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestMeta(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		if got := w.call(t, http.MethodGet, "/health", nil).want(200).text("status"); got != "healthy" {
			t.Errorf("health is %q", got)
		}
		for _, path := range []string{"/health", "/readyz", "/version", "/openapi.json", "/docs"} {
			if a := w.call(t, http.MethodHead, path, nil).want(200); len(a.raw) > 0 {
				t.Errorf("a HEAD of %s has a body", path)
			}
		}
		w.call(t, http.MethodHead, connections, nil).want(401)
		ready := w.call(t, http.MethodGet, "/readyz", nil).want(200).members("status", "checks", "version")
		checks, _ := ready["checks"].(object)
		if database, _ := checks["database"].(object); database["status"] != "up" {
			t.Errorf("ready says %v", ready)
		}
		w.call(t, http.MethodGet, "/version", nil).want(200).members("version")
		doc := w.call(t, http.MethodGet, "/openapi.json", nil).want(200).json()
		if !strings.HasPrefix(text(doc, "openapi"), "3.1") {
			t.Errorf("OpenAPI %v", doc["openapi"])
		}
		paths, _ := doc["paths"].(object)
		for _, path := range []string{
			connections, connections + "/{id}", connections + "/test", connections + "/{id}/pulls",
			connections + "/{id}/transactions", connections + "/{id}/accounts", connections + "/{id}/health",
			pullsPath + "/{id}", tokens, tokens + "/{id}", deliveries, deliveries + "/{id}",
			deliveries + "/{id}/replay", changes, prefix + "/connector-types",
			prefix + "/webhooks/{vendor}/{token}", "/health", "/readyz", "/version",
		} {
			if paths[path] == nil {
				t.Errorf("the document does not describe %s", path)
			}
		}
		page := w.call(t, http.MethodGet, "/docs", nil).want(200)
		if body := string(page.raw); strings.Contains(body, "https://") || strings.Contains(body, "http://") {
			t.Error("the page loads something from another host")
		}
	})
}
