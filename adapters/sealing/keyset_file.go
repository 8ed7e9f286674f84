package sealing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// setting is the prefix of every error about the file. It names the setting that the operator
// can correct.
const setting = "SEALING_KEYSET_FILE"

// maxFileSize is the maximum size of a keyset file in bytes. A real keyset has only a few
// hundred bytes per key.
const maxFileSize = 1 << 20

// fileError returns an error about the keyset file. It does not wrap Tink's errors about
// unreadable content, because a decoder quotes the content that it cannot parse.
func fileError(problem string) error { return errors.New(setting + ": " + problem) }

// forbiddenMode contains the permissions that a keyset file must not have: write and execute for the
// group, and every permission for others. Its group may read the file, because Kubernetes mounts a
// Secret with mode 0440 if the pod has an fsGroup.
const forbiddenMode fs.FileMode = 0o037

// readFile returns the content and the metadata of a regular file. It refuses a file with a permission in
// forbiddenMode. All checks use the open file, so the file cannot be replaced between a check and the read.
func readFile(path string) ([]byte, fs.FileInfo, error) {
	if path == "" {
		return nil, nil, fileError("names no file")
	}
	// Without O_NONBLOCK, opening a named pipe would block the start of the process forever.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", setting, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", setting, err)
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, nil, fileError("is not a regular file")
	case info.Mode().Perm()&forbiddenMode != 0:
		return nil, nil, fileError(fmt.Sprintf(
			"is accessible to others (mode %04o), must be 0400, 0440, 0600 or 0640", info.Mode().Perm(),
		))
	case info.Size() == 0:
		return nil, nil, fileError("is empty")
	case info.Size() > maxFileSize:
		return nil, nil, fileError("is too large to be a keyset")
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFileSize))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", setting, err)
	}
	return content, info, nil
}

// decode decodes a cleartext keyset.
func decode(content []byte) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
	if err != nil {
		return nil, fileError("is not a Tink keyset in cleartext JSON")
	}
	return handle, nil
}

// encode returns the content of a keyset file that decode accepts.
func encode(handle *keyset.Handle) ([]byte, error) {
	var content bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&content)); err != nil {
		return nil, fileError("the keyset cannot be encoded")
	}
	return content.Bytes(), nil
}
