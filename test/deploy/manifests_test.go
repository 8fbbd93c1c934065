package deploy

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// node reads a part of a manifest by its path, such as spec.template or
// containers.0.
type node struct{ value any }

func (n node) at(path string) node {
	value := n.value
	for part := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(v) {
				return node{}
			}
			value = v[i]
		default:
			return node{}
		}
	}
	return node{value}
}

func (n node) String() string {
	if n.value == nil {
		return ""
	}
	return fmt.Sprint(n.value)
}

func manifests(t *testing.T) map[string]node {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "kubernetes", "keystone.yaml")))
	found := map[string]node{}
	for {
		var document map[string]any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found[fmt.Sprint(document["kind"])] = node{document}
	}
}

// TestManifests holds the manifests to the kinds that an installation needs, to
// each other, and to what a pod of it must not be without.
func TestManifests(t *testing.T) {
	all := manifests(t)
	versions := map[string]string{
		"ServiceAccount": "v1", "ConfigMap": "v1", "Deployment": "apps/v1", "Service": "v1", "PodDisruptionBudget": "policy/v1",
		"HorizontalPodAutoscaler": "autoscaling/v2", "NetworkPolicy": "networking.k8s.io/v1",
	}
	if got, want := slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(versions)); !slices.Equal(got, want) {
		t.Fatalf("the manifests are %v, want %v", got, want)
	}
	for kind, version := range versions {
		if got := all[kind].at("apiVersion").String(); got != version {
			t.Errorf("%s is of %s", kind, got)
		}
	}
	pod := all["Deployment"].at("spec.template.spec")
	container := pod.at("containers.0")
	for path, want := range map[string]string{
		"securityContext.runAsNonRoot":        "true",
		"securityContext.seccompProfile.type": "RuntimeDefault",
		"automountServiceAccountToken":        "false",
		"enableServiceLinks":                  "false",
	} {
		if got := pod.at(path).String(); got != want {
			t.Errorf("the pod's %s is %q, want %s", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"securityContext.allowPrivilegeEscalation": "false",
		"securityContext.readOnlyRootFilesystem":   "true",
		"securityContext.capabilities.drop":        "[ALL]",
		"livenessProbe.httpGet.path":               "/healthz",
		"readinessProbe.httpGet.path":              "/readyz",
		"startupProbe.httpGet.path":                "/healthz",
	} {
		if got := container.at(path).String(); got != want {
			t.Errorf("the container's %s is %q, want %s", path, got, want)
		}
	}
	for _, path := range []string{"resources.requests.cpu", "resources.requests.memory", "resources.limits.memory"} {
		if container.at(path).String() == "" {
			t.Errorf("the container has no %s", path)
		}
	}
	var grace int
	if _, err := fmt.Sscan(pod.at("terminationGracePeriodSeconds").String(), &grace); err != nil || grace <= 30 {
		t.Errorf("a stop of 30 s is cut after %d", grace)
	}
	labels := all["Deployment"].at("spec.template.metadata.labels").String()
	for kind, path := range map[string]string{
		"Deployment": "spec.selector.matchLabels", "Service": "spec.selector", "PodDisruptionBudget": "spec.selector.matchLabels", "NetworkPolicy": "spec.podSelector.matchLabels",
	} {
		if got := all[kind].at(path).String(); got != labels {
			t.Errorf("%s selects %s, the pods have %s", kind, got, labels)
		}
	}
	if got := all["HorizontalPodAutoscaler"].at("spec.scaleTargetRef.name").String(); got != all["Deployment"].at("metadata.name").String() {
		t.Errorf("the autoscaler scales %s", got)
	}
	ports := map[string]string{}
	for i := range 2 {
		ports[container.at(fmt.Sprintf("ports.%d.name", i)).String()] = container.at(fmt.Sprintf("ports.%d.containerPort", i)).String()
	}
	if ports["http"] != "8080" || ports["ops"] != "9464" {
		t.Errorf("the container's ports are %v", ports)
	}
}

func TestManifestSettingsAreValid(t *testing.T) {
	all := manifests(t)
	environment := map[string]string{}
	data, _ := all["ConfigMap"].at("data").value.(map[string]any)
	for name, value := range data {
		text, isText := value.(string)
		if !isText {
			t.Errorf("the ConfigMap's %s is no string", name)
		}
		environment[name] = text
	}
	variables, _ := all["Deployment"].at("spec.template.spec.containers.0.env").value.([]any)
	for i := range variables {
		variable := node{variables[i]}
		environment[variable.at("name").String()] = variable.at("value").String()
	}
	if len(environment) < 12 {
		t.Errorf("only %v", environment)
	}
	c := valid(t, "keystone.yaml", environment, headSecrets(t))
	if limit := all["Deployment"].at("spec.template.spec.containers.0.resources.limits.memory").String(); limit != "512Mi" {
		t.Errorf("the memory's limit is %q, want 512Mi", limit)
	} else if c != nil {
		fits(t, "keystone.yaml", c, environment, 512<<20)
	}
}
