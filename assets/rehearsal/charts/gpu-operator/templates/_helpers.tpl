{{- define "gpu-operator.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gpu-operator.labels" -}}
{{ include "gpu-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
springboard/stand-in: "true"
{{- end }}

{{- define "gpu-operator.nfd-selector" -}}
app.kubernetes.io/name: node-feature-discovery
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gpu-operator.nfd-labels" -}}
{{ include "gpu-operator.nfd-selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
springboard/stand-in: "true"
{{- end }}
