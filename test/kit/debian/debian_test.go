package debian

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestThePackagedServiceIsForbiddenDuringTheInstallation(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy-rc.d")
	allow, err := forbidServices(policy)
	if err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := exec.Command(policy, "rabbitmq-server", "start").Run(); !errors.As(err, &exit) || exit.ExitCode() != 101 {
		t.Errorf("the policy: %v", err)
	}
	again, err := forbidServices(policy) // a policy file already exists now, and must remain
	if err != nil {
		t.Fatal(err)
	}
	again()
	if _, err := os.Stat(policy); err != nil {
		t.Errorf("the policy of the machine is gone: %v", err)
	}
	allow()
	if _, err := os.Stat(policy); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the policy is still there: %v", err)
	}
}
