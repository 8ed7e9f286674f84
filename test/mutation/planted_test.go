package main

import "testing"

// Each planted defect must apply to the present source.
func TestPlantedDefectsApply(t *testing.T) {
	t.Chdir("../..")
	for _, d := range defects {
		if _, err := d.overlay(t.TempDir()); err != nil {
			t.Error(err)
		}
	}
}
