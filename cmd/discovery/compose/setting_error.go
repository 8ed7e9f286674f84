package compose

import "fmt"

// SettingError is a start that failed by a setting: it fails again until that is mended.
// Its text begins with the setting's name.
type SettingError struct{ error }

// Unwrap gives the error itself.
func (e SettingError) Unwrap() error { return e.error }

// atFault blames a setting; nil stays nil.
func settingError(setting string, err error) error {
	if err == nil {
		return nil
	}
	return SettingError{named(setting, err)}
}

// named says which setting an error has to do with, without blaming it; nil stays nil.
func named(setting string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", setting, err)
}
