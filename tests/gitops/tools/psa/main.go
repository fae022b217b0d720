// Says which pod templates the "restricted" Pod Security Standard refuses, by the API server's own
// evaluator. Input: a JSON array of {"name", "metadata", "spec"} on standard input. Output: one line
// a refusal, "name<TAB>check<TAB>reason". Ends with 0 also then; with 1 when the input is malformed.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type template struct {
	Name     string            `json:"name"`
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     corev1.PodSpec    `json:"spec"`
}

func run() error {
	var templates []template
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&templates); err != nil {
		return err
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	for _, version := range []api.Version{api.MajorMinorVersion(1, 30), api.LatestVersion()} {
		level := api.LevelVersion{Level: api.LevelRestricted, Version: version}
		for i := range templates {
			results := evaluator.EvaluatePod(level, &templates[i].Metadata, &templates[i].Spec)
			for _, result := range results {
				if !result.Allowed {
					fmt.Printf("%s\t%s\t%s\n", templates[i].Name, result.ForbiddenReason, result.ForbiddenDetail)
				}
			}
		}
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "psa:", err)
		os.Exit(1)
	}
}
