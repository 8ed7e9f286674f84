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

// Step is a step of a rotation; Add|Promote does both at once.
type Step uint8

// The steps. The package documentation says in which order they reach several replicas.
const (
	// Add appends a new key after the primary one.
	Add Step = 1 << iota
	// Promote makes the added key the primary one.
	Promote
)

// Create writes a keyset of one new AES-256-GCM key with mode 0600. When it returns, the
// file is synced to disk. Errors: an existing file (or link) is never overwritten; no
// partial file remains.
func Create(path string, opts Options) error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fileError("no key can be generated")
	}
	content, err := encode(handle, opts.KEKURI)
	defer clear(content)
	if err != nil {
		return err
	}
	if err := writeNew(path, content); err != nil {
		return err
	}
	return syncDir(path)
}

// Rotate applies the steps to a keyset file as one atomic change. A link is followed; owner
// and mode are preserved. During the rotation, and after a crash in the middle of it, a file
// with the suffix ".rotating" exists next to the keyset and prevents a second rotation.
// Errors: those of Open; with Add, a key that was added before is still waiting to be
// promoted; with only Promote, no key is waiting.
func Rotate(path string, steps Step, opts Options) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	fresh := path + ".rotating"
	// The exclusive file is created before the keyset is read. Otherwise two concurrent rotations
	// would start from the same keys, and the later one would drop the other's.
	if err := writeNew(fresh, nil); err != nil {
		return err
	}
	err = rotateInto(path, fresh, steps, opts)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		// Only on failure: after the rename the name may already belong to another rotation.
		return errors.Join(err, os.Remove(fresh))
	}
	return syncDir(path)
}

// rotateInto writes the rotated keyset of path into fresh.
func rotateInto(path, fresh string, steps Step, opts Options) error {
	content, info, err := readFile(path)
	defer clear(content)
	if err != nil {
		return err
	}
	handle, err := decode(content, opts.KEKURI)
	if err != nil {
		return err
	}
	if _, err := newLoadedKeys(handle); err != nil {
		return err
	}
	if handle, err = applySteps(handle, steps); err != nil {
		return err
	}
	rotated, err := encode(handle, opts.KEKURI)
	defer clear(rotated)
	if err != nil {
		return err
	}
	if err := copyOwner(fresh, info); err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	return overwrite(fresh, rotated)
}

// applySteps applies the steps in memory.
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

// pendingKey returns the id of the enabled key after the primary one; 0 if there is none.
// Keys are appended, so all keys before the primary are older than it.
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
