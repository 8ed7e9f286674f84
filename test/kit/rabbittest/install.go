package rabbittest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// serverScript starts a node as the current user, with the settings of its environment. Debian's
// /usr/sbin/rabbitmq-server would always use the folders of the packaged service.
const serverScript = "/usr/lib/rabbitmq/bin/rabbitmq-server"

// policyFile is the script that Debian's packages run to find out whether they may start their service.
const policyFile = "/usr/sbin/policy-rc.d"

// errNotInstalled means that no broker is installed and that this process cannot install one.
var errNotInstalled = errors.New(
	"there is no " + serverScript + ", and the package rabbitmq-server cannot be installed",
)

func installed() bool {
	_, err := os.Stat(serverScript)
	return err == nil
}

// ensureInstalled installs Debian's package if it is missing and the process runs as root. It does not start the
// packaged service. A lock is held during the installation, so that the test binaries of several packages do not
// compete for dpkg's own lock. Errors: errNotInstalled if it cannot install packages.
func ensureInstalled() error {
	if installed() {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return errNotInstalled
	}
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "rabbittest-install.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if installed() {
		return nil
	}
	allowServices, err := forbidServices(policyFile)
	if err != nil {
		return err
	}
	defer allowServices()
	for _, args := range []string{"update", "install -y --no-install-recommends rabbitmq-server"} {
		cmd := exec.Command(apt, strings.Fields(args)...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args, err, said)
		}
	}
	return nil
}

// forbidServices creates the policy file, which prevents packages from starting their service until the returned
// function is called. If the file already exists, forbidServices changes nothing.
func forbidServices(policy string) (allow func(), err error) {
	f, err := os.OpenFile(policy, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if errors.Is(err, os.ErrExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString("#!/bin/sh\nexit 101\n") // 101: the action is forbidden
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(policy))
	}
	return func() { _ = os.Remove(policy) }, nil
}
