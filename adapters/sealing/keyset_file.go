package sealing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// setting begins every error about the file, because it is what the operator can fix.
const setting = "SEALING_KEYSET_FILE"

// maxFileSize bounds how much is read, in bytes: a keyset has some hundred bytes per key.
const maxFileSize = 1 << 20

// fileError returns an error about the file. Tink's errors about unreadable content are
// left out, because a decoder quotes the content that it cannot parse.
func fileError(problem string) error { return errors.New(setting + ": " + problem) }

// readFile returns the content of a regular file that only its owner can read, and the
// file's state at that time. The checks are made on the open file, so that it cannot be
// replaced between check and read.
func readFile(path string) ([]byte, fs.FileInfo, error) {
	if path == "" {
		return nil, nil, fileError("names no file")
	}
	// Without O_NONBLOCK a named pipe would block the start forever.
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
	case info.Mode().Perm()&0o077 != 0:
		return nil, nil, fileError(fmt.Sprintf("is accessible to others (mode %04o), must be 0600", info.Mode().Perm()))
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

// decode decodes a keyset, in cleartext or wrapped by the KEK.
func decode(content []byte, kekURI string) (*keyset.Handle, error) {
	reader := keyset.NewJSONReader(bytes.NewReader(content))
	if kekURI == "" {
		handle, err := insecurecleartextkeyset.Read(reader)
		if err != nil {
			return nil, fileError("is not a Tink keyset in cleartext JSON")
		}
		return handle, nil
	}
	kek, err := kekFor(kekURI)
	if err != nil {
		return nil, err
	}
	handle, err := keyset.Read(reader, kek)
	if err != nil {
		return nil, fileError("is not a Tink keyset in JSON that the KEK unwraps")
	}
	return handle, nil
}

// encode is the inverse of decode.
func encode(handle *keyset.Handle, kekURI string) ([]byte, error) {
	var content bytes.Buffer
	writer := keyset.NewJSONWriter(&content)
	if kekURI == "" {
		if err := insecurecleartextkeyset.Write(handle, writer); err != nil {
			return nil, fileError("the keyset cannot be encoded")
		}
		return content.Bytes(), nil
	}
	kek, err := kekFor(kekURI)
	if err != nil {
		return nil, err
	}
	if err := handle.Write(writer, kek); err != nil {
		return nil, fileError("the KEK does not wrap the keyset")
	}
	return content.Bytes(), nil
}

// kekFor returns the KEK from the KMS clients that were registered with Tink. Their errors
// may contain the KMS's response and are left out.
func kekFor(uri string) (tink.AEAD, error) {
	client, err := registry.GetKMSClient(uri)
	if err != nil {
		return nil, fileError("no KMS client is registered for the KEK")
	}
	kek, err := client.GetAEAD(uri)
	if err != nil {
		return nil, fileError("the KMS does not return the KEK")
	}
	return kek, nil
}
