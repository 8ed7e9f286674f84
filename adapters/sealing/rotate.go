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

// Step is a part of a rotation; Add|Promote does both at once.
type Step uint8

// The steps. The package's doc says in which order they reach several replicas.
const (
	// Add puts a new key behind the primary one.
	Add Step = 1 << iota
	// Promote makes the added key the primary one.
	Promote
)

// Create writes a keyset of one new AES-256-GCM key: mode 0600, on disk when it returns.
// Errors: a file (or link) that exists is never overwritten; no partial file stays.
func Create(path string, opts Options) error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fileError("no key can be made")
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

// Rotate does the steps on a keyset file as one atomic change. A link is followed, owner
// and mode stay. While it works, and after a crash in the middle, the file's name with
// ".rotating" behind stands beside it and keeps a second rotation out. Errors: those of
// Open; a key that was added already and waits to be promoted; none that waits.
func Rotate(path string, steps Step, opts Options) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	fresh := path + ".rotating"
	// The exclusive file is made before the keyset is read: two rotations at once would
	// else both begin from the same keys, and the later one would drop the other's.
	if err := writeNew(fresh, nil); err != nil {
		return err
	}
	err = rotateInto(path, fresh, steps, opts)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		// Only now: after the rename the name may be another rotation's already.
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

// rotated does the steps in memory.
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
			return nil, fileError("no key can be made")
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

// waiting gives the id of the enabled key behind the primary one; 0 where there is none.
// Keys are appended, so whatever stands before the primary is older than it.
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
