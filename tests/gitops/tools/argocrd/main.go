// Keeps the module in go.mod whose Go types controller-gen turns into Argo CD's definitions.
package main

import _ "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"

func main() {}
