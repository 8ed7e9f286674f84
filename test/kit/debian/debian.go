// Package debian installs Debian's packages of the programs that tests run.
package debian

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// policyFile is the script that Debian's packages run to find out whether they may start their service.
const policyFile = "/usr/sbin/policy-rc.d"

// ErrMissing means that a program is not installed, and that this process cannot install it.
var ErrMissing = errors.New("the program is missing, and this process cannot install it")

// Ensure installs a package if the file, which belongs to the package, does not exist and the process runs as root. It
// does not start the package's service. A lock is held during the installation, so that the test binaries of several
// packages do not compete for dpkg's own lock. Errors: ErrMissing if the process cannot install packages.
func Ensure(file, name string) error {
	if exists(file) {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("%s of the package %s: %w", file, name, ErrMissing)
	}
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "discovery-install.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if exists(file) {
		return nil
	}
	allowServices, err := forbidServices(policyFile)
	if err != nil {
		return err
	}
	defer allowServices()
	for _, args := range [][]string{{"update"}, {"install", "-y", "--no-install-recommends", name}} {
		cmd := exec.Command(apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args, err, said)
		}
	}
	return nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
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
