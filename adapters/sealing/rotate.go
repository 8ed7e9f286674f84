package sealing

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

// Step is one step of a key rotation, or a combination of steps. Add|Promote does both steps at the same time.
type Step uint8

// The steps of a key rotation. The package documentation explains in which order several
// replicas must receive them.
const (
	// Add appends a new key to the keyset without making it the primary key.
	Add Step = 1 << iota
	// Promote makes the added key the primary key.
	Promote
)

// Create writes a new keyset file with one AES-256-GCM key and mode 0600, and syncs it to disk. It returns an error if
// a file or link with this path exists. If writing fails, no partial file remains.
func Create(path string) error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fileError("no key can be generated")
	}
	content, err := encode(handle)
	defer clear(content)
	if err != nil {
		return err
	}
	if err := writeNew(path, content); err != nil {
		return err
	}
	return syncDir(path)
}

// Rotate applies the steps to a keyset file as one atomic change. If path is a link, the target of the link is changed.
// The owner and the mode of the file are preserved.
//
// During a rotation, a file with the suffix ".rotating" exists next to the keyset and prevents a second rotation. After
// a crash, that file remains.
//
// Rotate returns the errors of Open, and also an error in these cases:
//
//   - With Add, a key that was added earlier has not been promoted yet.
//   - With only Promote, there is no added key to promote.
func Rotate(path string, steps Step) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	fresh := path + ".rotating"
	// The ".rotating" file is created exclusively, and before the keyset is read. Otherwise two
	// concurrent rotations could start from the same keys, and the later rotation would discard the
	// key that the earlier one added.
	if err := writeNew(fresh, nil); err != nil {
		return err
	}
	err = rotateInto(path, fresh, steps)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		// The file is removed only after an error. After a successful rename, a file with this name may already belong
		// to another rotation.
		return errors.Join(err, os.Remove(fresh))
	}
	return syncDir(path)
}

// rotateInto reads the keyset at path, applies the steps to it, and writes the result to the file at target.
func rotateInto(path, target string, steps Step) error {
	content, info, err := readFile(path)
	defer clear(content)
	if err != nil {
		return err
	}
	handle, err := decode(content)
	if err != nil {
		return err
	}
	if _, err := newLoadedKeys(handle); err != nil {
		return err
	}
	if handle, err = applySteps(handle, steps); err != nil {
		return err
	}
	rotated, err := encode(handle)
	defer clear(rotated)
	if err != nil {
		return err
	}
	// The file is opened before copyOwner, because the copied mode may be read-only.
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	if err := copyOwner(target, info); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", setting, err), f.Close())
	}
	return writeAndSync(f, rotated)
}

// applySteps returns a keyset to which the steps have been applied. It changes no file.
func applySteps(handle *keyset.Handle, steps Step) (*keyset.Handle, error) {
	if steps == 0 || steps&^(Add|Promote) != 0 {
		return nil, errors.New("sealing: a rotation adds, promotes, or both")
	}
	manager, next := keyset.NewManagerFromHandle(handle), pendingKey(handle)
	if steps&Add != 0 {
		if next != 0 {
			return nil, fileError("holds an added key that waits to be promoted")
		}
		id, err := manager.Add(aead.AES256GCMKeyTemplate())
		if err != nil {
			return nil, fileError("no key can be generated")
		}
		next = id
	}
	if steps&Promote != 0 {
		if next == 0 {
			return nil, fileError("holds no added key that waits to be promoted")
		}
		if err := manager.SetPrimary(next); err != nil {
			return nil, fileError("the added key cannot be promoted")
		}
	}
	return manager.Handle()
}

// pendingKey returns the id of the enabled key that was added but not promoted, or 0. New keys are appended, so such a
// key comes after the primary key.
func pendingKey(handle *keyset.Handle) uint32 {
	info, afterPrimary, id := handle.KeysetInfo(), false, uint32(0)
	for _, key := range info.GetKeyInfo() {
		if afterPrimary && key.GetStatus() == tinkpb.KeyStatusType_ENABLED {
			id = key.GetKeyId()
		}
		afterPrimary = afterPrimary || key.GetKeyId() == info.GetPrimaryKeyId()
	}
	return id
}
