{{- define "otlp-service.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "otlp-service.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "otlp-service.name" .) -}}
{{- end }}

{{- define "otlp-service.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ required "image.digest or image.tag" .Values.image.tag }}
{{- end -}}
{{- end }}

{{/* Selectors never change after the first installation. */}}
{{- define "otlp-service.selector" -}}
app.kubernetes.io/name: {{ include "otlp-service.name" . }}
app.kubernetes.io/component: gateway
{{- end }}

{{- define "otlp-service.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: otlp-platform
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "otlp-service.nameLabel" -}}
app.kubernetes.io/name: {{ include "otlp-service.name" . }}
{{- end }}

{{- define "otlp-service.config" -}}
{{- .Values.config | default (.Files.Get "files/gateway.yaml") -}}
{{- end }}

{{/* Rules and dashboards name one autoscaler: here that of the release. A dashboard escapes its quotes. */}}
{{- define "otlp-service.ofRelease" -}}
{{- $name := include "otlp-service.name" (index . 0) -}}
{{- regexReplaceAll `(horizontalpodautoscaler=\\?")otlp-service` (index . 1) (print "${1}" $name) -}}
{{- end }}

{{- define "otlp-service.kind" -}}
{{- if .Values.persistence.enabled }}StatefulSet{{ else }}Deployment{{ end -}}
{{- end }}
