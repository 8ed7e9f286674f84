package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// packs is a fake ports.EvidenceFormat. Its packs contain only the document.
type packs struct {
	refuse error // instead of a pack
	fail   error // after the document
}

func (p packs) Write(_ context.Context, e ports.Evidence, begin func(int64) io.Writer) error {
	if p.refuse != nil {
		return p.refuse
	}
	if err := e.Document(begin(int64(len("2026-02-28")))); err != nil {
		return err
	}
	return p.fail
}

const evidencePath = accountsPath + otherPath + "/closes/2026-02-28/evidence"

func TestAnEvidencePackIsADownloadOfKnownLength(t *testing.T) {
	s := newEnv(t)
	for _, method := range []string{"GET", "HEAD"} {
		w := s.call(method, evidencePath, "")
		want := map[string]string{
			"Content-Type": "application/zip", "Content-Length": "10",
			"Content-Disposition": `attachment; filename="evidence-` + otherID.String() + `-2026-02-28.zip"`,
		}
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", method, name, got, value)
			}
		}
		if body := w.Body.String(); w.Code != http.StatusOK || (body == "2026-02-28") != (method == "GET") {
			t.Errorf("%s: %d %q", method, w.Code, body)
		}
	}
}

func TestARefusedEvidencePackIsAProblem(t *testing.T) {
	for name, c := range map[string]struct {
		service, format error
		status          int
		code            string
	}{
		"not closed": {domain.NotFoundError(), nil, http.StatusNotFound, codeNotFound},
		"no evidence": {
			&domain.Error{Kind: domain.Conflict, Code: domain.NoEvidence}, nil, http.StatusConflict, codeConflict,
		},
		"too large": {
			nil, &domain.Error{Kind: domain.Oversized, Code: domain.DocumentTooLarge}, http.StatusRequestEntityTooLarge,
			codeTooLarge,
		},
		"wrong digest": {nil, errors.New(canary), http.StatusInternalServerError, codeInternal},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			s := newEnv(t, func(o *Options) { o.Evidence = packs{refuse: c.format} })
			s.service.err = c.service
			w := s.call(method, evidencePath, "")
			problemIn(t, w, c.status, c.code)
			if strings.Contains(w.Body.String(), canary) || w.Header().Get("Content-Disposition") != "" {
				t.Errorf("%s %s: %v %s", method, name, w.Header(), w.Body)
			}
		}
	}
}

func TestAnEvidencePackThatFailsCutsTheConnection(t *testing.T) {
	s := newEnv(t, func(o *Options) { o.Evidence = packs{fail: errors.New("of the store")} })
	server := httptest.NewServer(s)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+evidencePath, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer tenant-a")
	response, err := server.Client().Do(r)
	if err == nil {
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
	if err == nil {
		t.Error("the pack seems complete")
	}
}
