// Prints Istio's custom resource definitions, which its module carries as files; the imports below
// keep the modules in go.mod whose Go types controller-gen turns into definitions.
package main

import (
	"fmt"
	"os"

	_ "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	_ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"istio.io/istio/manifests"
	_ "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	_ "sigs.k8s.io/gateway-api/apis/v1"
)

func main() {
	text, err := manifests.FS.ReadFile("charts/base/files/crd-all.gen.yaml")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(text)
}
