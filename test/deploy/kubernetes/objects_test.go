// Package kubernetes_test reads objects as the API server of Kubernetes does. The chart needs Kubernetes 1.30, so this
// module requires the types of that version. It is a module of its own, so that the service does not depend on them;
// test/deploy runs it.
package kubernetes_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metadata "k8s.io/apimachinery/pkg/api/validation"
	labels "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// TestObjects reads the documents of the file at CHART_OBJECTS. It fails for a member that Kubernetes does not know,
// that is there twice or has another type, and for names, labels, annotations and volumes that Kubernetes refuses.
func TestObjects(t *testing.T) {
	text, err := os.ReadFile(os.Getenv("CHART_OBJECTS"))
	if err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, autoscaling.AddToScheme, batch.AddToScheme, core.AddToScheme, networking.AddToScheme,
		policy.AddToScheme, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	options := json.SerializerOptions{Yaml: true, Strict: true}
	serializer := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, options)
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for count := 0; ; count++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) && count > 0 {
			return
		}
		if err != nil {
			t.Fatalf("after %d objects: %v", count, err)
		}
		object, _, err := serializer.Decode(document, nil, nil)
		if err != nil {
			t.Errorf("%v\n%s", err, document)
			continue
		}
		checkMetadata(t, object)
		switch o := object.(type) {
		case *apps.Deployment:
			checkPod(t, o.Spec.Template)
		case *batch.Job:
			checkPod(t, o.Spec.Template)
		}
	}
}

func checkMetadata(t *testing.T, object runtime.Object) {
	t.Helper()
	o, err := meta.Accessor(object)
	if err != nil {
		t.Fatal(err)
	}
	kind := object.GetObjectKind().GroupVersionKind().Kind
	errs := metadata.ValidateObjectMetaAccessor(o, false, metadata.NameIsDNSLabel, field.NewPath(kind, "metadata"))
	for _, err := range errs {
		t.Error(err)
	}
}

func checkPod(t *testing.T, template core.PodTemplateSpec) {
	t.Helper()
	path := field.NewPath("template", "metadata")
	errs := labels.ValidateLabels(template.Labels, path.Child("labels"))
	errs = append(errs, metadata.ValidateAnnotations(template.Annotations, path.Child("annotations"))...)
	volumes := map[string]bool{}
	for _, volume := range template.Spec.Volumes {
		if volumes[volume.Name] || len(validation.IsDNS1123Label(volume.Name)) > 0 {
			t.Errorf("the volume %q is there twice, or has an invalid name", volume.Name)
		}
		volumes[volume.Name] = true
	}
	for _, container := range template.Spec.Containers {
		paths, variables := map[string]bool{}, map[string]bool{}
		for _, mount := range container.VolumeMounts {
			if paths[mount.MountPath] || !volumes[mount.Name] {
				t.Errorf("%s: %s is mounted twice, or the volume %s is missing", container.Name, mount.MountPath, mount.Name)
			}
			paths[mount.MountPath] = true
		}
		for _, variable := range container.Env {
			if variables[variable.Name] {
				t.Errorf("%s: the variable %s is there twice", container.Name, variable.Name)
			}
			variables[variable.Name] = true
		}
		for _, port := range container.Ports {
			for _, problem := range validation.IsValidPortName(port.Name) {
				t.Errorf("%s: port %q: %s", container.Name, port.Name, problem)
			}
		}
	}
	for _, err := range errs {
		t.Error(err)
	}
}
