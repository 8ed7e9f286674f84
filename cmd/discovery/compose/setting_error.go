package compose

import "fmt"

// SettingError is a failed start that a setting caused: it fails again until the setting is
// corrected. Its text begins with the setting's name.
type SettingError struct{ error }

// Unwrap returns the wrapped error.
func (e SettingError) Unwrap() error { return e.error }

// settingError wraps err as a SettingError of a setting; nil stays nil.
func settingError(setting string, err error) error {
	if err == nil {
		return nil
	}
	return SettingError{named(setting, err)}
}

// named prefixes err with the setting that it concerns, without making it a SettingError;
// nil stays nil.
func named(setting string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", setting, err)
}
