{{- define "inference-stack.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "inference-stack.labels" -}}
{{ include "inference-stack.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
springboard/stand-in: "true"
{{- end }}

{{- /* The image of the given name: repository, tag and, where it is known, digest. */ -}}
{{- define "inference-stack.image" -}}
{{- $image := index .root.Values.images .name -}}
{{ $image.repository }}:{{ $image.tag }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "inference-stack.model-names" -}}
{{- $names := list }}
{{- range $key, $model := .Values.inference.models }}
{{- $names = append $names $model.modelName }}
{{- end }}
{{- join "," $names }}
{{- end }}
