package compose

import "fmt"

// SettingError reports that the start of the service failed because of a setting. The start will fail again until the
// setting is corrected. The text of the error begins with the name of the setting.
type SettingError struct{ error }

// Unwrap returns the wrapped error.
func (e SettingError) Unwrap() error { return e.error }

// settingError returns err as a SettingError with the name of the setting as a prefix. It
// returns nil if err is nil.
func settingError(setting string, err error) error {
	if err == nil {
		return nil
	}
	return SettingError{named(setting, err)}
}

// named returns err with the name of the setting as a prefix. The result is not a
// SettingError. It is nil if err is nil.
func named(setting string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", setting, err)
}
